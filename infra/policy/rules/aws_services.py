"""Interfaces, images and logs of AWS: DEP020, DEP021 and DEP022."""

from collections.abc import Iterator

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._links import linked
from infra.policy.rules._statements import anyone, scoped, statements
from infra.policy.rules._values import (
    entries,
    holds,
    is_true,
    number,
    text,
    unknown,
    unknown_in,
    value_at,
)
from infra.resources import Program, Resource

__all__ = ["RULES"]

_METHOD = "aws:apigateway/method:Method"
_API = "aws:apigatewayv2/api:Api"
_AUTHORIZER = "aws:apigatewayv2/authorizer:Authorizer"
_ROUTE = "aws:apigatewayv2/route:Route"
_REPOSITORY = "aws:ecr/repository:Repository"
_REPOSITORY_POLICY = "aws:ecr/repositoryPolicy:RepositoryPolicy"
_PUBLIC_REPOSITORY = "aws:ecrpublic/repository:Repository"
_SCANNING = "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration"
_LOGS = "aws:cloudwatch/logGroup:LogGroup"
_AUTHORIZED = frozenset({"AWS_IAM", "CUSTOM", "JWT"})
_YEAR = 365


def _authorised(program: Program, demands: Demands) -> Iterator[Problem]:
    for method in program.of_type(_METHOD):
        # A browser asks with OPTIONS before it may send what it is authorised by.
        if (
            text(method.inputs.get("httpMethod")) != "OPTIONS"
            and not holds(method.inputs.get("authorization"), lambda each: each != "NONE")
            and not is_true(method.inputs.get("apiKeyRequired"))
        ):
            yield Problem(method, "everybody may call this method", "authorization")
    sockets = [
        each
        for each in program.of_type(_API)
        if text(each.inputs.get("protocolType")) == "WEBSOCKET"
    ]
    for route in program.of_type(_ROUTE):
        if not holds(
            route.inputs.get("authorizationType"),
            lambda each: isinstance(each, str) and each in _AUTHORIZED,
        ) and not _within_socket(program, route, sockets):
            yield Problem(route, "everybody may call this route", "authorizationType")
        elif text(route.inputs.get("authorizationType")) in {"CUSTOM", "JWT"} and not holds(
            route.inputs.get("authorizerId"), bool
        ):
            yield Problem(route, "no authoriser is named to ask who calls", "authorizerId")
    for authorizer in program.of_type(_AUTHORIZER):
        if _remembers_anybody(authorizer):
            yield Problem(
                authorizer,
                "its answer to one caller is remembered for all: no identitySources tell them apart",
                "authorizerResultTtlInSeconds",
            )
    for api in program.of_type(_API):
        if text(api.inputs.get("target")):
            yield Problem(api, "everybody may call the route that a target makes", "target")


def _remembers_anybody(authorizer: Resource) -> bool:
    """Return whether answers are kept, for 300 s unless said otherwise, without saying by what.

    https://www.pulumi.com/registry/packages/aws/api-docs/apigatewayv2/authorizer/
    """
    seconds = authorizer.inputs.get("authorizerResultTtlInSeconds", 300)
    return (
        text(authorizer.inputs.get("authorizerType")) == "REQUEST"
        and text(authorizer.inputs.get("authorizerPayloadFormatVersion")) != ""
        and not authorizer.inputs.get("identitySources")
        and not unknown(seconds)
        and number(seconds) != 0
    )


def _within_socket(program: Program, route: Resource, sockets: list[Resource]) -> bool:
    """Return whether a route is reached over a connection that was authorised when it was opened.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-control-access.html
    """
    return text(route.inputs.get("routeKey")) != "$connect" and any(
        route in linked(program, api, [_ROUTE], by="apiId", names=()) for api in sockets
    )


def _images(program: Program, demands: Demands) -> Iterator[Problem]:
    registry_scans = any(map(_scans_on_push, program.of_type(_SCANNING)))
    for repository in program.of_type(_REPOSITORY):
        if not holds(repository.inputs.get("imageTagMutability"), "IMMUTABLE".__eq__):
            yield Problem(repository, "a tag may be moved to another image", "imageTagMutability")
        on_push = value_at(repository.inputs, "imageScanningConfiguration.scanOnPush")
        if not is_true(on_push) and not registry_scans:
            yield Problem(
                repository, "images are not scanned", "imageScanningConfiguration.scanOnPush"
            )
    for policy in program.of_type(_REPOSITORY_POLICY):
        for each in statements(policy.inputs.get("policy")):
            if each.allow and anyone(each) and not scoped(each):
                yield Problem(policy, "everybody may use these images", each.path)
    for repository in program.of_type(_PUBLIC_REPOSITORY):
        yield Problem(repository, "everybody may pull images from a public registry")


def _scans_on_push(resource: Resource) -> bool:
    return unknown_in(resource.inputs, "rules") or any(
        holds(each.get("scanFrequency"), lambda how: how in ("SCAN_ON_PUSH", "CONTINUOUS_SCAN"))
        and any(
            holds(one.get("filter"), "*".__eq__) for _, one in entries(each, "repositoryFilters")
        )
        for _, each in entries(resource.inputs, "rules")
    )


def _logs(program: Program, demands: Demands) -> Iterator[Problem]:
    for group in program.of_type(_LOGS):
        if not holds(group.inputs.get("retentionInDays"), _a_year):
            yield Problem(group, "logs are not said to be kept for a year", "retentionInDays")
        if not holds(group.inputs.get("kmsKeyId"), _ours):
            yield Problem(group, "logs are not encrypted with a key of KMS", "kmsKeyId")


def _ours(key: object) -> bool:
    return isinstance(key, str) and key != "" and "alias/aws/" not in key


def _a_year(days: object) -> bool:
    found = number(days)
    # 0 stands for ever: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/
    return found is not None and (found == 0 or found >= _YEAR)


RULES = (
    Rule(
        "DEP020",
        "Interfaces ask who calls",
        Severity.HIGH,
        "Set an authorizationType: AWS_IAM, JWT, or CUSTOM with an authoriser of your own.",
        ("CKV_AWS_59", "CKV_AWS_309", "APIGateway.8"),
        _authorised,
    ),
    Rule(
        "DEP021",
        "Image repositories are immutable, scanned and private",
        Severity.HIGH,
        "Set imageTagMutability IMMUTABLE and scanOnPush, and name who may pull.",
        ("CKV_AWS_51", "CKV_AWS_163", "CKV_AWS_32", "ECR.1", "ECR.2"),
        _images,
    ),
    Rule(
        "DEP022",
        "Logs are kept for a year and encrypted with a key of KMS",
        Severity.MEDIUM,
        "Set retentionInDays to 365 or more (0 keeps them for ever) and kmsKeyId.",
        ("CKV_AWS_66", "CKV_AWS_338", "CKV_AWS_158"),
        _logs,
    ),
)
