import pulumi
import pulumi_aws as aws
import pulumi_azure_native as azure
import pulumi_gcp as gcp

kept = pulumi.ResourceOptions(protect=True)
aws.s3.Bucket("models", opts=kept)
gcp.storage.Bucket("models", location="europe-west3", opts=kept)
azure.keyvault.Key(
    "models",
    resource_group_name="penguins",
    vault_name="penguins",
    properties=azure.keyvault.KeyPropertiesArgs(kty="RSA"),
    opts=pulumi.ResourceOptions(retain_on_delete=True),
)
aws.sns.Topic("alarms")
