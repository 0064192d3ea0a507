import pulumi_gcp as gcp

gcp.storage.Bucket("models", location="europe-west3")  # <- DEP060
gcp.artifactregistry.Repository(  # <- DEP060
    "images", repository_id="penguins", location="europe-west3", format="DOCKER"
)
gcp.sql.DatabaseInstance("rows", database_version="POSTGRES_16")  # <- DEP060
