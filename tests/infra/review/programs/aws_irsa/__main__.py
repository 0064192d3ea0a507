# mypy: ignore-errors
"""A cluster and a role for a service account in it."""

import base64
import json

import pulumi
import pulumi_aws as aws

role = aws.iam.Role(
    "cluster",
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "eks.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
    ),
)
cluster = aws.eks.Cluster(
    "cluster", role_arn=role.arn, vpc_config={"subnet_ids": ["subnet-1", "subnet-2"]}
)
issuer = cluster.identities[0].oidcs[0].issuer
provider = aws.iam.OpenIdConnectProvider(
    "oidc", url=issuer, client_id_lists=["sts.amazonaws.com"], thumbprint_lists=["ab" * 20]
)


def trust(args):
    arn, url = args
    host = url.replace("https://", "")
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Federated": arn},
                    "Action": "sts:AssumeRoleWithWebIdentity",
                    "Condition": {"StringEquals": {f"{host}:sub": "system:serviceaccount:a:b"}},
                }
            ],
        }
    )


aws.iam.Role("pod", assume_role_policy=pulumi.Output.all(provider.arn, issuer).apply(trust))
authority = cluster.certificate_authority.apply(lambda each: base64.b64decode(each.data))
pulumi.export("authority", authority.apply(lambda each: len(each) > 0))
pulumi.export("kubeconfig", pulumi.Output.json_dumps({"server": cluster.endpoint, "user": "aws"}))
