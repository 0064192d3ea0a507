import pulumi_gcp as gcp

server = gcp.serviceaccount.Account("server", account_id="server")
gcp.projects.IAMMember(
    "server",
    project="project",
    role="roles/logging.logWriter",
    member=server.email.apply(lambda email: f"serviceAccount:{email}"),
)
gcp.serviceaccount.IAMMember(
    "deploys",
    service_account_id=server.name,
    role="roles/iam.serviceAccountUser",
    member="group:deployers@example.com",
)
gcp.projects.IAMMember(
    "people",
    project="project",
    role="roles/storage.admin",
    member="group:admins@example.com",
)
