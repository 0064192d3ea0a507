# mypy: ignore-errors
# ruff: noqa: A006
"""A function behind an HTTP API, its policy from a data source."""

import pulumi
import pulumi_aws as aws

table = aws.dynamodb.Table(
    "items",
    attributes=[aws.dynamodb.TableAttributeArgs(name="id", type="S")],
    hash_key="id",
    billing_mode="PAY_PER_REQUEST",
)
assume = aws.iam.get_policy_document(
    statements=[
        aws.iam.GetPolicyDocumentStatementArgs(
            actions=["sts:AssumeRole"],
            principals=[
                aws.iam.GetPolicyDocumentStatementPrincipalArgs(
                    type="Service", identifiers=["lambda.amazonaws.com"]
                )
            ],
        )
    ]
)
role = aws.iam.Role("role", assume_role_policy=assume.json)
access = aws.iam.get_policy_document_output(
    statements=[
        {
            "sid": "Items",
            "effect": "Allow",
            "actions": ["dynamodb:GetItem", "dynamodb:PutItem"],
            "resources": [table.arn, pulumi.Output.concat(table.arn, "/index/*")],
            "conditions": [
                {"test": "StringEquals", "variable": "aws:RequestedRegion", "values": ["eu-west-1"]}
            ],
        }
    ]
)
aws.iam.RolePolicy("access", role=role.id, policy=access.json)
function = aws.lambda_.Function(
    "api",
    runtime=aws.lambda_.Runtime.PYTHON3D12,
    handler="handler.main",
    role=role.arn,
    code=pulumi.AssetArchive({"handler.py": pulumi.StringAsset("def main(e, c): return {}")}),
    environment={"variables": {"TABLE": table.name}},
)
api = aws.apigatewayv2.Api("api", protocol_type="HTTP")
integration = aws.apigatewayv2.Integration(
    "api", api_id=api.id, integration_type="AWS_PROXY", integration_uri=function.invoke_arn
)
route = aws.apigatewayv2.Route(
    "any",
    api_id=api.id,
    route_key="ANY /{path+}",
    target=integration.id.apply(lambda id: f"integrations/{id}"),
)
aws.lambda_.Permission(
    "invoke",
    action="lambda:InvokeFunction",
    function=function.name,
    principal="apigateway.amazonaws.com",
    source_arn=pulumi.Output.format("{0}/*/*", api.execution_arn),
)
pulumi.export("url", api.api_endpoint)
