# demands {"residency": ["de"]}
# config {"aws:region": "eu-west-1"}
import pulumi_aws as aws

aws.s3.Bucket("models")  # <- DEP036
aws.s3.Bucket("others", region="eu-central-1")
