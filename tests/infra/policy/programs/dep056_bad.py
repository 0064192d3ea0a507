import pulumi_aws as aws

aws.ec2.VpcEndpoint(  # <- DEP056
    "store",
    vpc_id="vpc-1",
    service_name="com.amazonaws.eu-central-1.s3",
)
