import pulumi_aws as aws

aws.ecr.Repository(  # <- DEP043
    "images",
    name="penguins",
    image_tag_mutability="IMMUTABLE",
)
