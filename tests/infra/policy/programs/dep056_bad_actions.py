import json

import pulumi_aws as aws

aws.ec2.VpcEndpoint(  # <- DEP056
    "store",
    vpc_id="vpc-1",
    service_name="com.amazonaws.eu-central-1.s3",
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": "*",
                    "Action": "*",
                    "Resource": "arn:aws:s3:::penguins-models/*",
                    "Condition": {"StringEquals": {"aws:PrincipalAccount": "123456789012"}},
                }
            ],
        }
    ),
)
