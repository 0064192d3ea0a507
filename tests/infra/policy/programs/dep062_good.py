import pulumi_gcp as gcp

gcp.artifactregistry.Repository(
    "images",
    repository_id="images",
    location="europe-west3",
    format="DOCKER",
    docker_config=gcp.artifactregistry.RepositoryDockerConfigArgs(immutable_tags=True),
)
gcp.artifactregistry.Repository(
    "packages", repository_id="packages", location="europe-west3", format="PYTHON"
)
gcp.artifactregistry.Repository(
    "hub",
    repository_id="hub",
    location="europe-west3",
    format="DOCKER",
    mode="REMOTE_REPOSITORY",
    remote_repository_config=gcp.artifactregistry.RepositoryRemoteRepositoryConfigArgs(
        docker_repository=gcp.artifactregistry.RepositoryRemoteRepositoryConfigDockerRepositoryArgs(
            public_repository="DOCKER_HUB"
        )
    ),
)
