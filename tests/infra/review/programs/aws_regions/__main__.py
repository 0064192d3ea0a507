# mypy: ignore-errors
"""The same in several regions, by explicit providers."""

import pulumi
import pulumi_aws as aws

KEYS = {}
for region in ["eu-west-1", "us-east-1"]:
    provider = aws.Provider(region, region=region, default_tags={"tags": {"owner": "me"}})
    options = pulumi.ResourceOptions(
        provider=provider,
        aliases=[pulumi.Alias(name=f"old-{region}")],
        custom_timeouts=pulumi.CustomTimeouts(create="5m"),
        delete_before_replace=True,
    )
    KEYS[region] = aws.kms.Key(f"key-{region}", description=f"in {region}", opts=options)
    aws.s3.Bucket(
        f"data-{region}",
        opts=pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(protect=True)),
    )

component = pulumi.ComponentResource("pkg:index:Group", "group", None, None)
inside = aws.sns.Topic(
    "alarms",
    kms_master_key_id=KEYS["eu-west-1"].key_id,
    opts=pulumi.ResourceOptions(parent=component, provider=provider),
)
