import pulumi_gcp as gcp

ring = gcp.kms.KeyRing("keys", location="europe-west3")
key = gcp.kms.CryptoKey("key", key_ring=ring.id)
gcp.storage.Bucket(
    "models",
    location="europe-west3",
    encryption=gcp.storage.BucketEncryptionArgs(default_kms_key_name=key.id),
)
gcp.artifactregistry.Repository(
    "images",
    repository_id="penguins",
    location="europe-west3",
    format="DOCKER",
    kms_key_name="projects/p/locations/europe-west3/keyRings/r/cryptoKeys/k",
)
gcp.secretmanager.Secret(
    "here",
    secret_id="here",
    replication=gcp.secretmanager.SecretReplicationArgs(
        user_managed=gcp.secretmanager.SecretReplicationUserManagedArgs(
            replicas=[
                gcp.secretmanager.SecretReplicationUserManagedReplicaArgs(
                    location="europe-west3",
                    customer_managed_encryption=gcp.secretmanager.SecretReplicationUserManagedReplicaCustomerManagedEncryptionArgs(
                        kms_key_name=key.id
                    ),
                )
            ]
        )
    ),
)
gcp.sql.DatabaseInstance("rows", database_version="POSTGRES_16", encryption_key_name=key.id)
gcp.sql.DatabaseInstance("copy", database_version="POSTGRES_16", master_instance_name="rows")
