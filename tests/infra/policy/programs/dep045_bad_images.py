import pulumi_aws as aws

aws.ecr.Repository("images", force_delete=True)  # <- DEP045
