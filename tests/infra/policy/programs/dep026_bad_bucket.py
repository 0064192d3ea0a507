import pulumi_gcp as gcp

server = gcp.serviceaccount.Account("server", account_id="server")
gcp.storage.BucketIAMMember(  # <- DEP026
    "server",
    bucket="penguins-models",
    role="roles/storage.admin",
    member=server.member,
)
