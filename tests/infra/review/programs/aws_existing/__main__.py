# mypy: ignore-errors
"""Things that are there already, read by id, by data sources and by get_resource."""

import pulumi
import pulumi_aws as aws

bucket = aws.s3.Bucket.get("logs", "company-logs")
image = aws.ec2.get_ami(
    most_recent=True,
    owners=["amazon"],
    filters=[aws.ec2.GetAmiFilterArgs(name="name", values=["al2023-*"])],
)
zone = aws.route53.get_zone_output(name="example.com")
secret = aws.secretsmanager.get_secret_version(secret_id="token")
me = aws.get_caller_identity()
region = aws.get_region()
server = aws.ec2.Instance("web", ami=image.id, instance_type="t3.micro")
aws.route53.Record(
    "web", zone_id=zone.zone_id, name="web", type="A", ttl=60, records=[server.public_ip]
)
aws.s3.BucketObject("note", bucket=bucket.id, content=f"{me.account_id} in {region.region}")
aws.ssm.Parameter("token", type="SecureString", value=secret.secret_string)
adopted = aws.s3.Bucket("adopted", opts=pulumi.ResourceOptions(import_="old-bucket"))
pulumi.export("adopted", adopted.id)
