import pulumi_aws as aws

aws.lambda_.Alias(  # <- DEP059
    "live", name="live", function_name="penguins", function_version="$LATEST"
)
