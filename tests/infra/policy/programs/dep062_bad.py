import pulumi_gcp as gcp

gcp.artifactregistry.Repository(  # <- DEP062
    "images", repository_id="images", location="europe-west3", format="DOCKER"
)
gcp.artifactregistry.Repository(  # <- DEP062
    "unseen",
    repository_id="unseen",
    location="europe-west3",
    format="DOCKER",
    docker_config=gcp.artifactregistry.RepositoryDockerConfigArgs(immutable_tags=True),
    vulnerability_scanning_config=gcp.artifactregistry.RepositoryVulnerabilityScanningConfigArgs(
        enablement_config="DISABLED"
    ),
)
