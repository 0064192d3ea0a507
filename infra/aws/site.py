"""What every part of the program needs to know: the configuration, the account, the parent."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.aws import names
from infra.configuration import EndpointConfig
from infra.site import BaseSite

__all__ = ["Site"]


@dataclass(frozen=True, kw_only=True)
class Site(BaseSite):
    """Where resources are made.

    Attributes:
        account: number of the AWS account.
        tags: that each of them carries.

    """

    account: pulumi.Output[str]
    tags: dict[str, str]

    @classmethod
    def of(cls, config: EndpointConfig, parent: pulumi.Resource) -> "Site":
        """Return the site of this component; asks AWS whose account it is.

        Raises:
            NoEndpointOnAwsError: the provider would make it in another region.

        """
        region = pulumi.Config("aws").get("region")
        if region and region != config.region:
            raise names.NoEndpointOnAwsError(
                f"aws:region is {region}, and the endpoint is for {config.region}: set both alike"
            )
        caller = aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(parent=parent))
        return cls(config=config, parent=parent, account=caller.account_id, tags=names.tags(config))

    @property
    def partition(self) -> str:
        """What ARNs begin with, after ``arn:``."""
        return names.partition(self.config.region)

    def arn(self, service: str, resource: str) -> pulumi.Output[str]:
        """Return the ARN of something in this account and region."""
        return pulumi.Output.concat(
            f"arn:{self.partition}:{service}:{self.config.region}:", self.account, f":{resource}"
        )

    @staticmethod
    def document(*statements: dict[str, Any]) -> pulumi.Output[str]:
        """Return a policy of these statements, as JSON."""
        return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})
