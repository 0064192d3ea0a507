# mypy: ignore-errors
"""An account, its key, and what is built from it."""

import pulumi
from pulumi import Output
from pulumi_azure_native import resources, storage

resource_group = resources.ResourceGroup("resource_group", location="northeurope")
account = storage.StorageAccount(
    "sa",
    resource_group_name=resource_group.name,
    sku=storage.SkuArgs(name=storage.SkuName.STANDARD_LRS),
    kind=storage.Kind.STORAGE_V2,
)
static = storage.StorageAccountStaticWebsite(
    "site",
    account_name=account.name,
    resource_group_name=resource_group.name,
    index_document="index.html",
)
primary_key = (
    Output.all(resource_group.name, account.name)
    .apply(lambda args: storage.list_storage_account_keys(args[1], None, args[0]))
    .apply(lambda keys: keys.keys[0].value)
)
blob = storage.Blob(
    "index.html",
    resource_group_name=resource_group.name,
    account_name=account.name,
    container_name=static.container_name,
    source=pulumi.StringAsset("<h1>hi</h1>"),
    content_type="text/html",
)
pulumi.export("primary_storage_key", Output.secret(primary_key))
pulumi.export("endpoint", account.primary_endpoints.apply(lambda each: each.web))
pulumi.export(
    "connection",
    Output.concat("AccountName=", account.name, ";AccountKey=", primary_key),
)
