# demands {"residency": ["EU"]}
import pulumi
import pulumi_aws as aws
import pulumi_azure_native as azure
import pulumi_gcp as gcp

frankfurt = pulumi.ResourceOptions(provider=aws.Provider("frankfurt", region="eu-central-1"))
aws.s3.Bucket("models", opts=frankfurt)
aws.iam.User("reader", opts=frankfurt)
gcp.storage.Bucket("models", location="EU")
gcp.secretmanager.Secret(
    "keys",
    secret_id="keys",
    replication=gcp.secretmanager.SecretReplicationArgs(
        user_managed=gcp.secretmanager.SecretReplicationUserManagedArgs(
            replicas=[
                gcp.secretmanager.SecretReplicationUserManagedReplicaArgs(location="europe-west3")
            ],
        ),
    ),
)
azure.managedidentity.UserAssignedIdentity(
    "server", resource_group_name="penguins", location="West Europe"
)
azure.trafficmanager.Profile(
    "router", resource_group_name="penguins", location="global", traffic_routing_method="Priority"
)
