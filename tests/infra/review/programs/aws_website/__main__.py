# mypy: ignore-errors
# ruff: noqa: PTH118, PTH208
"""A static site, as the getting-started pages write it."""

import json
import mimetypes
import os

import pulumi
import pulumi_aws as aws
from pulumi import FileAsset, Output

site = aws.s3.Bucket("site")
website = aws.s3.BucketWebsiteConfiguration(
    "website", bucket=site.bucket, index_document={"suffix": "index.html"}
)
public = aws.s3.BucketPublicAccessBlock("public", bucket=site.id, block_public_acls=False)

for name in sorted(os.listdir("www")):
    path = os.path.join("www", name)
    mime, _ = mimetypes.guess_type(path)
    aws.s3.BucketObject(name, bucket=site.id, source=FileAsset(path), content_type=mime)


def public_read(bucket_name):
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": "*",
                    "Action": ["s3:GetObject"],
                    "Resource": [f"arn:aws:s3:::{bucket_name}/*"],
                }
            ],
        }
    )


aws.s3.BucketPolicy(
    "policy",
    bucket=site.id,
    policy=site.id.apply(public_read),
    opts=pulumi.ResourceOptions(depends_on=[public]),
)
pulumi.export("bucket_name", site.id)
pulumi.export("website_url", Output.concat("http://", website.website_endpoint))
