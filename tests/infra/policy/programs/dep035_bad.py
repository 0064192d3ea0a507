import pulumi_aws as aws
import pulumi_azure_native as azure
import pulumi_gcp as gcp

tags = {"owner": "ml-team", "residency": "eu"}
aws.s3.Bucket("models", tags=tags)  # <- DEP035
gcp.storage.Bucket("models", location="europe-west3", labels=tags)  # <- DEP035
azure.managedidentity.UserAssignedIdentity(  # <- DEP035
    "server", resource_group_name="penguins", tags=tags
)
gcp.monitoring.NotificationChannel("mail", type="email", user_labels=tags)  # <- DEP035
aws.sns.Topic("alarms")  # <- DEP035
