import pulumi_azure_native as azure

client = azure.authorization.get_client_config_output()
azure.authorization.RoleAssignment(
    "reads",
    principal_id="p",
    role_definition_id=client.subscription_id.apply(
        lambda found: (
            f"/subscriptions/{found}/providers/Microsoft.Authorization/roleDefinitions/"
            "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
        )
    ),
    scope="/subscriptions/s",
)
azure.authorization.RoleAssignment(
    "changes-one",
    principal_id="p",
    role_definition_id="/providers/Microsoft.Authorization/roleDefinitions/"
    "b24988ac-6180-42a0-ab88-20f7382dd24c",
    scope="/subscriptions/s/resourceGroups/g",
)
azure.authorization.RoleAssignment(
    "gives-some",
    principal_id="p",
    role_definition_id="/providers/Microsoft.Authorization/roleDefinitions/"
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
    scope="/subscriptions/s/resourceGroups/g",
    condition="((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})))",
    condition_version="2.0",
)
azure.authorization.RoleDefinition(
    "reads-all",
    role_name="reads-all",
    scope="/subscriptions/s",
    assignable_scopes=["/subscriptions/s"],
    permissions=[azure.authorization.PermissionArgs(actions=["*/read"])],
)
