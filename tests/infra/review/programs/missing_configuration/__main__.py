# mypy: ignore-errors
import pulumi
import pulumi_aws as aws

config = pulumi.Config()
limit = config.require_int("limit")
aws.sns.Topic("alarms", tags={"limit": str(limit)})
