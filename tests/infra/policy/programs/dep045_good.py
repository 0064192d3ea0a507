import pulumi_aws as aws

aws.s3.Bucket("models")
aws.ecr.Repository("images", force_delete=False)
aws.secretsmanager.Secret("keys", recovery_window_in_days=7)
