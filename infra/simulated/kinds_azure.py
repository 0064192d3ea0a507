"""Types of Azure, whose ids are paths: below a resource group, below each other.

https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
"""

import re
from typing import Any

from infra.simulated.kinds import Kind
from infra.simulated.wire import UNKNOWN

__all__ = ["kind_of"]

_GROUP = "/subscriptions/{subscription}/resourceGroups/{resourceGroupName}"
_GROUPS = ("azure-native:resources:ResourceGroup",)
_ACCOUNTS = ("azure-native:storage:StorageAccount",)
_PRINCIPAL = "77777777-7777-4777-8777-777777777777"
_TENANT = "33333333-3333-4333-8333-333333333333"
_FORCES = "resourceGroupName location accountName vaultName registryName environmentName scope"


def _kind(
    path: str,
    name: str = "",
    *,
    joint: str | None = "",
    legal: str = "",
    unique: bool = True,
    replace: str = "",
    needs: dict[str, tuple[str, ...]] | None = None,
    outputs: dict[str, Any] | None = None,
) -> Kind:
    return Kind(
        name=name,
        joint=joint,
        legal=legal,
        unique=unique and bool(name),
        id=path if path.startswith(("/", "{")) else f"{_GROUP}/providers/{path}",
        outputs={"name": "{name}", "provisioningState": "Succeeded", **(outputs or {})},
        replace=frozenset({*replace.split(), *_FORCES.split(), *([name] if name else [])}),
        needs={
            **({} if name == "resourceGroupName" else {"resourceGroupName": _GROUPS}),
            **(needs or {}),
        },
        shape=_shape,
    )


def _shape(properties: dict[str, Any]) -> dict[str, Any]:
    """Return properties as Azure tells them: identities are asked for as a list, told as a map."""
    identity = properties.get("identity")
    if not isinstance(identity, dict):
        return properties
    asked = identity.get("userAssignedIdentities")
    told: Any = asked
    if isinstance(asked, list):
        known = {"principalId": _PRINCIPAL, "clientId": _PRINCIPAL}
        told = UNKNOWN if UNKNOWN in asked else dict.fromkeys(asked, known)
    added = (
        {"tenantId": _TENANT, "principalId": _PRINCIPAL}
        if "System" in str(identity.get("type"))
        else {}
    )
    return {**properties, "identity": {**identity, **added, "userAssignedIdentities": told}}


_STORAGE = "Microsoft.Storage/storageAccounts/{name}"
_KINDS: dict[str, Kind] = {
    "azure-native:resources:ResourceGroup": _kind(
        "/subscriptions/{subscription}/resourceGroups/{name}", "resourceGroupName",
        legal=r"[\w().-]{1,90}",
    ),
    "azure-native:storage:StorageAccount": _kind(
        _STORAGE,
        "accountName",
        legal=r"[a-z0-9]{3,24}",
        outputs={
            "primaryEndpoints": {
                "blob": "https://{name}.blob.core.windows.net/",
                "dfs": "https://{name}.dfs.core.windows.net/",
                "file": "https://{name}.file.core.windows.net/",
                "queue": "https://{name}.queue.core.windows.net/",
                "table": "https://{name}.table.core.windows.net/",
                "web": "https://{name}.z6.web.core.windows.net/",
            },
            "primaryLocation": "{location}",
            "creationTime": "2026-01-01T00:00:00Z",
        },
    ),
    "azure-native:storage:BlobContainer": _kind(
        "Microsoft.Storage/storageAccounts/{accountName}/blobServices/default/containers/{name}",
        "containerName",
        legal=r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
        unique=False,
        needs={"accountName": _ACCOUNTS},
    ),
    "azure-native:storage:BlobServiceProperties": _kind(
        "Microsoft.Storage/storageAccounts/{accountName}/blobServices/default",
        replace="blobServicesName", needs={"accountName": _ACCOUNTS},
        outputs={"name": "default"},
    ),
    "azure-native:storage:ManagementPolicy": _kind(
        "Microsoft.Storage/storageAccounts/{accountName}/managementPolicies/default",
        replace="managementPolicyName", needs={"accountName": _ACCOUNTS},
        outputs={"name": "DefaultManagementPolicy"},
    ),
    "azure-native:containerregistry:Registry": _kind(
        "Microsoft.ContainerRegistry/registries/{name}",
        "registryName",
        legal=r"[A-Za-z0-9]{5,50}",
        outputs={"loginServer": "{name|lower}.azurecr.io"},
    ),
    "azure-native:managedidentity:UserAssignedIdentity": _kind(
        "Microsoft.ManagedIdentity/userAssignedIdentities/{name}",
        "resourceName",
        legal=r"[\w-]{3,128}",
        outputs={
            "principalId": "{token|8}-1111-4111-8111-{token|12}",
            "clientId": "{token|8}-2222-4222-8222-{token|12}",
            "tenantId": _TENANT,
        },
    ),
    "azure-native:authorization:RoleAssignment": _kind(
        "{scope}/providers/Microsoft.Authorization/roleAssignments/{name}",
        "roleAssignmentName",
        unique=False,
        replace="principalId roleDefinitionId principalType",
    ),
    "azure-native:app:ManagedEnvironment": _kind(
        "Microsoft.App/managedEnvironments/{name}",
        "environmentName",
        outputs={"defaultDomain": "kind-{token|8}.{location}.azurecontainerapps.io", "staticIp": "20.0.0.4"},
    ),
    "azure-native:app:ContainerApp": _kind(
        "Microsoft.App/containerApps/{name}",
        "containerAppName",
        legal=r"[a-z][a-z0-9-]{0,30}[a-z0-9]",
        outputs={
            "configuration.ingress.fqdn": "{name}.kind-{token|8}.{location}.azurecontainerapps.io",
            "customDomainVerificationId": "{token}{token}",
            "latestRevisionName": "{name}--{revision}",
            "latestReadyRevisionName": "{name}--{revision}",
            "latestRevisionFqdn": "{name}--{revision}.kind-{token|8}.{location}.azurecontainerapps.io",
            "outboundIpAddresses": ["20.0.0.5"],
        },
        replace="managedEnvironmentId environmentId",
    ),
    "azure-native:operationalinsights:Workspace": _kind(
        "Microsoft.OperationalInsights/workspaces/{name}", "workspaceName",
        outputs={"customerId": "{token|8}-4444-4444-8444-{token|12}"},
    ),
    "azure-native:keyvault:Vault": _kind(
        "Microsoft.KeyVault/vaults/{name}",
        "vaultName",
        legal=r"[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]",
        outputs={"properties.vaultUri": "https://{name}.vault.azure.net/"},
    ),
    "azure-native:keyvault:Key": _kind(
        "Microsoft.KeyVault/vaults/{vaultName}/keys/{name}",
        "keyName",
        unique=False,
        replace="properties",
        outputs={
            "keyUri": "https://{vaultName}.vault.azure.net/keys/{name}",
            "keyUriWithVersion": "https://{vaultName}.vault.azure.net/keys/{name}/{token}",
        },
    ),
    "azure-native:keyvault:Secret": _kind(
        "Microsoft.KeyVault/vaults/{vaultName}/secrets/{name}",
        "secretName",
        unique=False,
        outputs={"properties.secretUri": "https://{vaultName}.vault.azure.net/secrets/{name}"},
    ),
    "azure-native:trafficmanager:Profile": _kind(
        "Microsoft.Network/trafficManagerProfiles/{name}", "profileName",
        outputs={"dnsConfig.fqdn": "{name}.trafficmanager.net"},
    ),
    "azure-native:trafficmanager:Endpoint": _kind(
        "Microsoft.Network/trafficManagerProfiles/{profileName}/{endpointType}/{name}",
        "endpointName", unique=False, replace="profileName endpointType",
    ),
    "azure-native:network:VirtualNetwork": _kind(
        "Microsoft.Network/virtualNetworks/{name}", "virtualNetworkName"
    ),
    "azure-native:network:Subnet": _kind(
        "Microsoft.Network/virtualNetworks/{virtualNetworkName}/subnets/{name}", "subnetName",
        unique=False, replace="virtualNetworkName",
        needs={"virtualNetworkName": ("azure-native:network:VirtualNetwork",)},
    ),
    "azure-native:network:NetworkSecurityGroup": _kind(
        "Microsoft.Network/networkSecurityGroups/{name}", "networkSecurityGroupName"
    ),
    "azure-native:network:PrivateEndpoint": _kind(
        "Microsoft.Network/privateEndpoints/{name}", "privateEndpointName"
    ),
    "azure-native:network:PrivateDnsZoneGroup": _kind(
        "Microsoft.Network/privateEndpoints/{privateEndpointName}/privateDnsZoneGroups/{name}",
        "privateDnsZoneGroupName", unique=False, replace="privateEndpointName",
        needs={"privateEndpointName": ("azure-native:network:PrivateEndpoint",)},
    ),
    "azure-native:privatedns:PrivateZone": _kind(
        "Microsoft.Network/privateDnsZones/{name}", "privateZoneName"
    ),
    "azure-native:privatedns:VirtualNetworkLink": _kind(
        "Microsoft.Network/privateDnsZones/{privateZoneName}/virtualNetworkLinks/{name}",
        "virtualNetworkLinkName", unique=False, replace="privateZoneName",
        needs={"privateZoneName": ("azure-native:privatedns:PrivateZone",)},
    ),
    "azure-native:monitor:DiagnosticSetting": _kind(
        "{resourceUri}/providers/Microsoft.Insights/diagnosticSettings/{name}", "name",
        unique=False, replace="resourceUri",
    ),
    "azure-native:monitor:MetricAlert": _kind("Microsoft.Insights/metricAlerts/{name}", "ruleName"),
    "azure-native:monitor:ActionGroup": _kind(
        "Microsoft.Insights/actionGroups/{name}", "actionGroupName"
    ),
}  # fmt: skip
_KINDS["azure-native:network:Profile"] = _KINDS["azure-native:trafficmanager:Profile"]
_KINDS["azure-native:network:Endpoint"] = _KINDS["azure-native:trafficmanager:Endpoint"]


def kind_of(type_: str) -> Kind:
    """Return what is known of a type of Azure, whichever API version its token names."""
    short = re.sub(r"/v\d+\w*(?=:)", "", type_)
    found = _KINDS.get(short)
    if found is not None:
        return found
    _, module, plain = short.split(":")
    camel = plain[0].lower() + plain[1:]
    # Nearly every type calls its name so; what it lies below is not known, so its id tells it apart.
    path = f"Microsoft.{module.capitalize()}/{camel}s/{{name}}-{{token|8}}"
    return _kind(path, f"{camel}Name", unique=False)
