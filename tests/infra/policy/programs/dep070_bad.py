import pulumi_azure_native as azure

DEFINITIONS = "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/"
azure.authorization.RoleAssignment(  # <- DEP070
    "owner",
    principal_id="p",
    role_definition_id=f"{DEFINITIONS}8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    scope="/subscriptions/s/resourceGroups/g",
)
azure.authorization.RoleAssignment(  # <- DEP070
    "changes-all",
    principal_id="p",
    role_definition_id=f"{DEFINITIONS}b24988ac-6180-42a0-ab88-20f7382dd24c",
    scope="/subscriptions/s",
)
azure.authorization.RoleDefinition(  # <- DEP070
    "does-all",
    role_name="does-all",
    scope="/subscriptions/s",
    assignable_scopes=["/subscriptions/s"],
    permissions=[azure.authorization.PermissionArgs(actions=["*"])],
)
