import pulumi_gcp as gcp

gcp.secretmanager.SecretIamMember(  # <- DEP064
    "keys", secret_id="keys", role="roles/secretmanager.secretAccessor", member="allUsers"
)
gcp.artifactregistry.RepositoryIamBinding(  # <- DEP064
    "images",
    repository="images",
    role="roles/artifactregistry.reader",
    members=["allAuthenticatedUsers"],
)
gcp.pubsub.TopicIAMMember(  # <- DEP064
    "events", topic="events", role="roles/pubsub.publisher", member="allUsers"
)
