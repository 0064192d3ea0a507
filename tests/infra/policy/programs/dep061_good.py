import pulumi
import pulumi_gcp as gcp

gcp.storage.Bucket("models", location="europe-west3")
gcp.sql.DatabaseInstance("rows", database_version="POSTGRES_16")
gcp.sql.DatabaseInstance(
    "kept",
    database_version="POSTGRES_16",
    deletion_protection=False,
    opts=pulumi.ResourceOptions(protect=True),
)
