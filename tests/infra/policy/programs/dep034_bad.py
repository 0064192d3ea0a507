import pulumi_aws as aws
import pulumi_azure_native as azure
import pulumi_gcp as gcp

aws.s3.Bucket("models")  # <- DEP034
gcp.storage.Bucket("models", location="europe-west3")  # <- DEP034
azure.keyvault.Key(  # <- DEP034
    "models",
    resource_group_name="penguins",
    vault_name="penguins",
    properties=azure.keyvault.KeyPropertiesArgs(kty="RSA"),
)
