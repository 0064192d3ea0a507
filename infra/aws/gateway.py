"""The door of the function: an HTTP API that asks an authorizer before every request."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.aws import names
from infra.aws.authorization import make_authorizer
from infra.aws.dns import Front
from infra.aws.function import Server, request_seconds
from infra.aws.keys import Keys
from infra.aws.logs import make_log_group
from infra.aws.site import Site

__all__ = ["Gateway", "make_gateway", "make_own_name"]

_RATE = 100  # requests a second that an instance is let have, at most
_BURST_MOST = (
    5_000  # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
)
_RATE_MOST = 10_000
_LOGGED = {
    "time": "$context.requestTime",
    "request": "$context.requestId",
    "client": "$context.identity.sourceIp",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "status": "$context.status",
    "who": "$context.authorizer.who",
    "milliseconds": "$context.responseLatency",
    "error": "$context.integrationErrorMessage",
    "refused": "$context.authorizer.error",
}


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """The API, and the stage of it that answers."""

    api: aws.apigatewayv2.Api
    stage: aws.apigatewayv2.Stage


def make_gateway(site: Site, server: Server, keys: Keys, key: aws.kms.Key) -> Gateway:
    """Make the API: one route for all paths, every request authorized, logged and counted."""
    config = site.config
    api = aws.apigatewayv2.Api(
        site.name("api"),
        name=config.name,
        protocol_type="HTTP",
        description=f"{config.model} by {config.owner}"[:1024],
        tags=site.tags,
        opts=site.opts(),
    )
    authorizer = make_authorizer(site, api, keys, key)
    integration = aws.apigatewayv2.Integration(
        site.name("api"),
        api_id=api.id,
        integration_type="AWS_PROXY",
        integration_uri=server.alias.invoke_arn,
        integration_method="POST",
        payload_format_version="2.0",
        timeout_milliseconds=request_seconds(config.timeout) * 1000,
        opts=site.opts(),
    )
    route = aws.apigatewayv2.Route(
        site.name("api"),
        api_id=api.id,
        route_key="$default",
        target=pulumi.Output.concat("integrations/", integration.id),
        authorization_type="CUSTOM",
        authorizer_id=authorizer.id,
        opts=site.opts(),
    )
    aws.lambda_.Permission(
        site.name("api"),
        action="lambda:InvokeFunction",
        function=server.function.name,
        qualifier=server.alias.name,
        principal="apigateway.amazonaws.com",
        source_arn=pulumi.Output.concat(api.execution_arn, "/*"),
        opts=site.opts(),
    )
    # With /aws/vendedlogs/ the account's policy of log deliveries cannot grow too long:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-CWL.html
    group = make_log_group(site, "api", f"/aws/vendedlogs/apis/{config.name}", key)
    rate = config.max_instances * _RATE
    stage = aws.apigatewayv2.Stage(
        site.name("api"),
        api_id=api.id,
        name="$default",
        auto_deploy=True,
        access_log_settings=aws.apigatewayv2.StageAccessLogSettingsArgs(
            destination_arn=group.arn, format=json.dumps(_LOGGED)
        ),
        default_route_settings=aws.apigatewayv2.StageDefaultRouteSettingsArgs(
            detailed_metrics_enabled=True,
            throttling_burst_limit=min(rate, _BURST_MOST),
            throttling_rate_limit=float(min(rate, _RATE_MOST)),
        ),
        tags=site.tags,
        opts=site.opts(after=[route]),
    )
    return Gateway(api=api, stage=stage)


def make_own_name(site: Site, gateway: Gateway, certificate: pulumi.Output[str]) -> Front:
    """Let the API answer to the domain, over TLS 1.2 or newer, and return what DNS points at.

    Args:
        site: where.
        gateway: the API.
        certificate: ARN of one for the domain that was validated.

    """
    domain = aws.apigatewayv2.DomainName(
        site.name("domain"),
        domain_name=names.domain(site.config),
        domain_name_configuration=aws.apigatewayv2.DomainNameDomainNameConfigurationArgs(
            certificate_arn=certificate,
            endpoint_type="REGIONAL",
            security_policy="TLS_1_2",
        ),
        tags=site.tags,
        opts=site.opts(),
    )
    aws.apigatewayv2.ApiMapping(
        site.name("domain"),
        api_id=gateway.api.id,
        domain_name=domain.id,
        stage=gateway.stage.id,
        opts=site.opts(),
    )
    return Front(
        target=domain.domain_name_configuration.apply(
            lambda made: (made and made.target_domain_name) or ""
        ),
        checked=host_of(gateway.api.api_endpoint),
    )


def host_of(url: pulumi.Output[str]) -> pulumi.Output[str]:
    """Return the host of an ``https://`` URL."""
    return url.apply(lambda text: (text or "").removeprefix("https://"))
