"""The function that the HTTP API asks who may come in."""

from pathlib import Path

import pulumi
import pulumi_aws as aws

from infra.aws.identity import make_role, writes_logs
from infra.aws.keys import Keys
from infra.aws.logs import make_log_group
from infra.aws.site import Site
from infra.contract import LIVE_PATH, READY_PATH, model_ready_path

__all__ = ["make_authorizer"]

_SOURCE = Path(__file__).parent / "authorizer" / "index.py"


def make_authorizer(
    site: Site, api: aws.apigatewayv2.Api, keys: Keys, key: aws.kms.Key
) -> aws.apigatewayv2.Authorizer:
    """Make the function, and have the API ask it.

    Nothing is cached by the API: keys come in one of two headers, and it could only be told to
    demand both. The function itself remembers the secret for a minute.
    """
    config = site.config
    part = "authorizer"
    group = make_log_group(site, part, f"/aws/lambda/{config.name}-{part}", key)
    role = make_role(
        site,
        part,
        "lambda.amazonaws.com",
        *keys.statements,
        writes_logs(group),
    )
    open_paths = (LIVE_PATH, READY_PATH, model_ready_path(config.model))
    function = aws.lambda_.Function(
        site.name(part),
        description=f"who may ask {config.name}",
        package_type="Zip",
        runtime="python3.13",
        architectures=["arm64"],
        handler="index.handler",
        code=pulumi.AssetArchive({"index.py": pulumi.StringAsset(_SOURCE.read_text("utf-8"))}),
        role=role.arn,
        memory_size=256,
        timeout=5,
        kms_key_arn=key.arn,
        environment=aws.lambda_.FunctionEnvironmentArgs(
            variables={"KEYS_SECRET": keys.arn, "OPEN_PATHS": " ".join(open_paths)}
        ),
        logging_config=aws.lambda_.FunctionLoggingConfigArgs(
            log_format="Text", log_group=group.name
        ),
        tags=site.tags,
        opts=site.opts(after=[group, *keys.ready]),
    )
    authorizer = aws.apigatewayv2.Authorizer(
        site.name(part),
        api_id=api.id,
        name="api-key",
        authorizer_type="REQUEST",
        authorizer_uri=function.invoke_arn,
        authorizer_payload_format_version="2.0",
        enable_simple_responses=True,
        authorizer_result_ttl_in_seconds=0,
        opts=site.opts(),
    )
    aws.lambda_.Permission(
        site.name(part),
        action="lambda:InvokeFunction",
        function=function.name,
        principal="apigateway.amazonaws.com",
        source_arn=pulumi.Output.concat(api.execution_arn, "/authorizers/*"),
        opts=site.opts(),
    )
    return authorizer
