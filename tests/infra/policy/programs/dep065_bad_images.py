import pulumi_gcp as gcp

gcp.artifactregistry.Repository(  # <- DEP065
    "images", repository_id="images", location="europe-west3", format="DOCKER"
)
gcp.artifactregistry.Repository(  # <- DEP065
    "rehearsed",
    repository_id="rehearsed",
    location="europe-west3",
    format="DOCKER",
    cleanup_policy_dry_run=True,
    cleanup_policies=[
        gcp.artifactregistry.RepositoryCleanupPolicyArgs(
            id="untagged",
            action="DELETE",
            condition=gcp.artifactregistry.RepositoryCleanupPolicyConditionArgs(
                tag_state="UNTAGGED", older_than="1209600s"
            ),
        )
    ],
)
