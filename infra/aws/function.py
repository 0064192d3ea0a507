"""The server as a function: an image on Lambda."""

from dataclasses import dataclass

import pulumi_aws as aws

from infra.aws import names
from infra.aws.identity import make_role, reads_models, writes_logs
from infra.aws.logs import make_log_group
from infra.aws.site import Site
from infra.aws.storage import Storage

__all__ = ["MODEL_FOLDER", "Server", "make_server", "request_seconds"]

MODEL_FOLDER = "/srv/model"
"""Where the image holds the model's package."""

# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
_MOST_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class Server:
    """The function.

    Attributes:
        function: itself.
        alias: by which it is called; names the version that answers.
        role: what it may do.

    """

    function: aws.lambda_.Function
    alias: aws.lambda_.Alias
    role: aws.iam.Role


def request_seconds(timeout: int) -> int:
    """Return how long a request may take; the API in front waits no longer than 30 s."""
    return min(timeout, _MOST_SECONDS)


def make_server(site: Site, storage: Storage, key: aws.kms.Key) -> Server:
    """Make the function from the image, and keep `min_instances` of it warm.

    It is called through the HTTP API alone, which lets nobody by without a key; so it asks for
    none itself, and no secret is in its variables.
    """
    config = site.config
    group = make_log_group(site, "server", f"/aws/lambda/{config.name}", key)
    role = make_role(
        site,
        "server",
        "lambda.amazonaws.com",
        *reads_models(site, storage, key),
        writes_logs(group),
    )
    function = aws.lambda_.Function(
        site.name("server"),
        description=f"{config.model}@sha256:{config.digest}"[:256],
        package_type="Image",
        image_uri=config.image,
        architectures=["x86_64"],
        role=role.arn,
        memory_size=names.lambda_memory(config.cpu, config.memory),
        timeout=request_seconds(config.timeout),
        reserved_concurrent_executions=config.max_instances,
        publish=True,
        kms_key_arn=key.arn,
        environment=aws.lambda_.FunctionEnvironmentArgs(
            variables={
                "DEPLOYER_MODEL_DIR": MODEL_FOLDER,
                "DEPLOYER_MODEL_NAME": config.model,
                "DEPLOYER_SERVE_AUTH": "none",
                "DEPLOYER_CLOUDS_AWS_URL": config.stores,
                "DEPLOYER_CLOUDS_AWS_REGION": config.region,
            }
        ),
        logging_config=aws.lambda_.FunctionLoggingConfigArgs(
            # The server writes JSON itself.
            log_format="Text",
            log_group=group.name,
        ),
        tags=site.tags,
        opts=site.opts(after=[group]),
    )
    alias = aws.lambda_.Alias(
        site.name("live"),
        name="live",
        function_name=function.name,
        function_version=function.version,
        opts=site.opts(),
    )
    if config.min_instances:
        aws.lambda_.ProvisionedConcurrencyConfig(
            site.name("warm"),
            function_name=function.name,
            qualifier=alias.name,
            provisioned_concurrent_executions=config.min_instances,
            opts=site.opts(),
        )
    return Server(function=function, alias=alias, role=role)
