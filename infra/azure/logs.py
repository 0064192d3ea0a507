"""Where logs are kept, and for how long."""

from collections.abc import Sequence

import pulumi
from pulumi_azure_native import monitor, operationalinsights

from infra.azure import names
from infra.azure.site import Site

__all__ = ["make_workspace", "send_logs"]


def make_workspace(site: Site) -> operationalinsights.Workspace:
    """Make the Log Analytics workspace; identities alone read it, and its key is never asked for."""
    return operationalinsights.Workspace(
        site.name("logs"),
        resource_group_name=site.group.name,
        location=site.config.region,
        sku=operationalinsights.WorkspaceSkuArgs(
            name=operationalinsights.WorkspaceSkuNameEnum.PER_GB2018
        ),
        retention_in_days=names.retention(site.config.log_days),
        features=operationalinsights.WorkspaceFeaturesArgs(
            disable_local_auth=True, enable_log_access_using_only_resource_permissions=True
        ),
        tags=site.tags,
        opts=site.opts(),
    )


def send_logs(
    site: Site,
    part: str,
    resource: pulumi.Input[str],
    workspace: operationalinsights.Workspace,
    categories: Sequence[str],
) -> None:
    """Send some categories of a resource's logs to the workspace.

    https://learn.microsoft.com/azure/azure-monitor/reference/logs-index
    """
    monitor.DiagnosticSetting(
        site.name(f"{part}-logs"),
        name="logs",
        resource_uri=resource,
        workspace_id=workspace.id,
        logs=[
            monitor.DiagnosticsLogSettingsArgs(category=each, enabled=True) for each in categories
        ],
        opts=site.opts(),
    )
