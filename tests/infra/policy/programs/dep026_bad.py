import pulumi_gcp as gcp

server = gcp.serviceaccount.Account("server", account_id="server")
gcp.projects.IAMMember(  # <- DEP026
    "server",
    project="project",
    role="roles/storage.admin",
    member=server.email.apply(lambda email: f"serviceAccount:{email}"),
)
