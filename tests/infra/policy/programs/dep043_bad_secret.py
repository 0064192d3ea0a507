import pulumi_aws as aws

aws.secretsmanager.Secret("keys")  # <- DEP043
