import pulumi_azure_native as azure

azure.operationalinsights.Workspace("unsaid", resource_group_name="penguins")  # <- DEP080
azure.operationalinsights.Workspace(  # <- DEP080
    "short", resource_group_name="penguins", retention_in_days=90
)
