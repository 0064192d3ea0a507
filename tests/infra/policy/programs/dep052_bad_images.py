import pulumi_aws as aws

aws.ecr.Repository("images", name="penguins")  # <- DEP052
