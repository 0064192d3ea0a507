# mypy: ignore-errors
"""Three hundred resources of several kinds."""

import pulumi
import pulumi_aws as aws

for team in range(30):
    key = aws.kms.Key(f"key-{team}", enable_key_rotation=True)
    for part in range(3):
        name = f"team-{team}-{part}"
        bucket = aws.s3.Bucket(name, tags={"team": str(team)})
        aws.s3.BucketVersioning(
            name, bucket=bucket.id, versioning_configuration={"status": "Enabled"}
        )
        aws.s3.BucketPolicy(
            name,
            bucket=bucket.id,
            policy=pulumi.Output.json_dumps({"Statement": [{"Resource": [bucket.arn, key.arn]}]}),
        )
