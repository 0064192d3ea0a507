"""What every part of the program needs to know: configuration, resource group, subscription."""

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import authorization, resources

from infra.azure import names
from infra.configuration import EndpointConfig
from infra.site import BaseSite

__all__ = ["Site"]


@dataclass(frozen=True, kw_only=True)
class Site(BaseSite):
    """Where resources are made.

    Attributes:
        group: the resource group that they are in.
        subscription: its subscription's id.
        tenant: id of the directory that identities are in.
        tags: that each of them carries.

    """

    group: resources.ResourceGroup
    subscription: pulumi.Output[str]
    tenant: pulumi.Output[str]
    tags: dict[str, str]

    @classmethod
    def of(cls, config: EndpointConfig, parent: pulumi.Resource) -> "Site":
        """Return the site of this component; asks Azure who is asking, and makes the group."""
        asker = authorization.get_client_config_output(
            opts=pulumi.InvokeOutputOptions(parent=parent)
        )
        tags = names.tags(config)
        group = resources.ResourceGroup(
            config.name,
            location=config.region,
            tags=tags,
            # Deleting it deletes all that is in it, protected or not.
            opts=pulumi.ResourceOptions(parent=parent, protect=True),
        )
        return cls(
            config=config,
            parent=parent,
            group=group,
            subscription=asker.subscription_id,
            tenant=asker.tenant_id,
            tags=tags,
        )
