import pulumi_azure_native as azure

azure.app.ManagedEnvironment("open", resource_group_name="penguins")
