import pulumi_aws as aws

aws.kms.Key("models", description="Models", enable_key_rotation=True)  # <- DEP015
