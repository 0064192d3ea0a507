import pulumi_gcp as gcp

gcp.secretmanager.SecretIamMember(
    "keys",
    secret_id="keys",
    role="roles/secretmanager.secretAccessor",
    member="serviceAccount:server@penguins.iam.gserviceaccount.com",
)
gcp.artifactregistry.RepositoryIamBinding(
    "images",
    repository="images",
    role="roles/artifactregistry.reader",
    members=["domain:example.com"],
)
# Those of a public endpoint may be called by everybody.
gcp.cloudfunctions.FunctionIamMember(
    "hello", cloud_function="hello", role="roles/cloudfunctions.invoker", member="allUsers"
)
