import pulumi_gcp as gcp

gcp.secretmanager.Secret(  # <- DEP060
    "anywhere",
    secret_id="anywhere",
    replication=gcp.secretmanager.SecretReplicationArgs(
        auto=gcp.secretmanager.SecretReplicationAutoArgs()
    ),
)
gcp.secretmanager.Secret(  # <- DEP060
    "here",
    secret_id="here",
    replication=gcp.secretmanager.SecretReplicationArgs(
        user_managed=gcp.secretmanager.SecretReplicationUserManagedArgs(
            replicas=[
                gcp.secretmanager.SecretReplicationUserManagedReplicaArgs(location="europe-west3")
            ]
        )
    ),
)
