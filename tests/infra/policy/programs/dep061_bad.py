import pulumi_gcp as gcp

gcp.storage.Bucket("models", location="europe-west3", force_destroy=True)  # <- DEP061
gcp.sql.DatabaseInstance(  # <- DEP061
    "rows", database_version="POSTGRES_16", deletion_protection=False
)
