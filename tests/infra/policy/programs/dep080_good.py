import pulumi_azure_native as azure

azure.operationalinsights.Workspace("logs", resource_group_name="penguins", retention_in_days=365)
