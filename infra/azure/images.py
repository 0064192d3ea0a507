"""The registry of the server's image."""

from pulumi_azure_native import containerregistry

from infra.azure import names
from infra.azure.site import Site

__all__ = ["make_registry"]

_UNTAGGED_DAYS = 14


def make_registry(site: Site) -> containerregistry.Registry:
    """Make the container registry: nobody without an identity gets in.

    It is reached from outside, by whoever is to push. Azure has no registry whose tags never move:
    an image is locked once it is pushed, by `az acr repository update --write-enabled false`
    (https://learn.microsoft.com/azure/container-registry/container-registry-image-lock); the app
    names a digest, which no tag can change. Only the Premium tier lets untagged images go.
    """
    name, _ = names.registry(site.config)
    return containerregistry.Registry(
        site.name("images"),
        resource_group_name=site.group.name,
        registry_name=name,
        location=site.config.region,
        sku=containerregistry.SkuArgs(name=containerregistry.SkuName.PREMIUM),
        admin_user_enabled=False,
        anonymous_pull_enabled=False,
        zone_redundancy=containerregistry.ZoneRedundancy.ENABLED
        if names.zones(site.config.region)
        else containerregistry.ZoneRedundancy.DISABLED,
        policies=containerregistry.PoliciesArgs(
            retention_policy=containerregistry.RetentionPolicyArgs(
                status=containerregistry.PolicyStatus.ENABLED, days=_UNTAGGED_DAYS
            ),
        ),
        tags=site.tags,
        opts=site.opts(stateful=True),
    )
