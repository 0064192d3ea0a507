import pulumi
import pulumi_aws as aws
import pulumi_azure_native as azure
import pulumi_gcp as gcp

tags = {"owner": "ml-team", "model": "penguins", "residency": "eu"}
aws.s3.Bucket("models", tags=tags)
gcp.storage.Bucket("models", location="europe-west3", labels=tags)
azure.managedidentity.UserAssignedIdentity("server", resource_group_name="penguins", tags=tags)
gcp.monitoring.NotificationChannel("mail", type="email", user_labels=tags)
tagging = aws.Provider(
    "tagging", region="eu-central-1", default_tags=aws.ProviderDefaultTagsArgs(tags=tags)
)
aws.sns.Topic("alarms", opts=pulumi.ResourceOptions(provider=tagging))
aws.s3.BucketVersioning(
    "models",
    bucket="models",
    versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
)
gcp.serviceaccount.Account("server", account_id="server")
