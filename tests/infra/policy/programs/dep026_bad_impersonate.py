import pulumi_gcp as gcp

server = gcp.serviceaccount.Account("server", account_id="server")
gcp.projects.IAMMember(  # <- DEP026
    "server",
    project="project",
    role="roles/iam.serviceAccountTokenCreator",
    member="group:team@example.com",
)
