# demands {"residency": ["EU"]}
import pulumi
import pulumi_aws as aws
import pulumi_azure_native as azure
import pulumi_gcp as gcp

london = pulumi.ResourceOptions(provider=aws.Provider("london", region="eu-west-2"))
aws.s3.Bucket("models", opts=london)  # <- DEP036
aws.s3.Bucket("others", region="us-east-1")  # <- DEP036
aws.iam.User("reader", opts=london)
gcp.storage.Bucket("models", location="US")  # <- DEP036
gcp.compute.Disk("models", zone="us-central1-a")  # <- DEP036
gcp.secretmanager.Secret(  # <- DEP036
    "keys",
    secret_id="keys",
    replication=gcp.secretmanager.SecretReplicationArgs(
        auto=gcp.secretmanager.SecretReplicationAutoArgs(),
    ),
)
azure.managedidentity.UserAssignedIdentity(  # <- DEP036
    "server", resource_group_name="penguins", location="eastus2"
)
