"""What every part of the program needs to know: configuration, resource group, subscription."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import authorization, resources

from infra.azure import names
from infra.configuration import EndpointConfig

__all__ = ["Site"]


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where resources are made.

    Attributes:
        config: what is asked for.
        parent: the component that they belong to.
        group: the resource group that they are in.
        subscription: its subscription's id.
        tenant: id of the directory that identities are in.
        tags: that each of them carries.

    """

    config: EndpointConfig
    parent: pulumi.Resource
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

    def name(self, part: str) -> str:
        """Return what a part of this endpoint is called."""
        return f"{self.config.name}-{part}"

    def opts(
        self,
        *,
        stateful: bool = False,
        after: Sequence[pulumi.Resource] = (),
        ignore: Sequence[str] = (),
    ) -> pulumi.ResourceOptions:
        """Return a child's options.

        Args:
            stateful: whether it holds what cannot be made again; the engine refuses to delete it.
            after: what must be there first.
            ignore: properties that somebody else sets later.

        """
        return pulumi.ResourceOptions(
            parent=self.parent,
            protect=stateful or None,
            depends_on=list(after),
            ignore_changes=list(ignore) or None,
        )
