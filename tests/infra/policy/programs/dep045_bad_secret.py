import pulumi_aws as aws

aws.secretsmanager.Secret("keys", recovery_window_in_days=0)  # <- DEP045
