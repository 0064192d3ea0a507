"""What resources on AWS cost, by type."""

from collections.abc import Iterable

from infra.resources import Resource
from infra.review.estimates import Context, Estimator, Need, amount, fixed, store
from infra.review.tokens import of
from infra.review.usage import HOURS, SECONDS

__all__ = ["AWS", "AWS_FREE"]

_FUNCTION = "aws:lambda/function:Function"
_AUTHORIZER = "aws:apigatewayv2/authorizer:Authorizer"
_LOGS = "aws:cloudwatch/logGroup:LogGroup"


def _function(resource: Resource, context: Context) -> Iterable[Need]:
    usage = context.usage
    asks = context.program.referring(resource, _AUTHORIZER)
    others = [
        each
        for each in of(context.program, _FUNCTION)
        if not context.program.referring(each, _AUTHORIZER)
    ]
    # Every request asks an authorizer, at most; the other functions share the requests.
    share = 1 if asks else 1 / max(1, len(others))
    memory = amount(resource.inputs.get("memorySize"), 128) / 1024
    yield Need("requests", usage.requests / 1e6 * share, "aws.lambda.requests")
    yield Need("duration", usage.requests * usage.seconds * memory * share, "aws.lambda.duration")


def _provisioned(resource: Resource, context: Context) -> Iterable[Need]:
    functions = list(of(context.program, _FUNCTION))
    memory = max((amount(each.inputs.get("memorySize"), 128) for each in functions), default=128)
    warm = amount(resource.inputs.get("provisionedConcurrentExecutions"), 1)
    yield Need("kept warm", warm * memory / 1024 * SECONDS, "aws.lambda.provisioned")


def _api(resource: Resource, context: Context) -> Iterable[Need]:
    share = context.share(resource)
    yield Need("requests", context.usage.requests / 1e6 * share, "aws.apigateway.http")


def _service(resource: Resource, context: Context) -> Iterable[Need]:
    count = amount(resource.inputs.get("desiredCount"), 1)
    tasks = list(of(context.program, "aws:ecs/taskDefinition:TaskDefinition"))
    referred = {urn for urns in resource.references.values() for urn in urns}
    task = next((each for each in tasks if each.urn in referred), tasks[0] if tasks else None)
    cpu = amount(task.inputs.get("cpu") if task else None, 1024) / 1024
    memory = amount(task.inputs.get("memory") if task else None, 2048) / 1024
    yield Need("vCPU", count * cpu * HOURS, "aws.fargate.cpu")
    yield Need("memory", count * memory * HOURS, "aws.fargate.memory")


def _balancer(resource: Resource, context: Context) -> Iterable[Need]:
    usage = context.usage
    # One capacity unit is 1 GB an hour, or 25 new connections a second
    # (https://aws.amazon.com/elasticloadbalancing/pricing/).
    units = max(usage.egress_gb / HOURS, usage.requests / SECONDS / 25)
    yield Need("hours", HOURS, "aws.elb.hours")
    yield Need("capacity", units * HOURS, "aws.elb.capacity")


def _logs(resource: Resource, context: Context) -> Iterable[Need]:
    usage, share = context.usage, context.share(resource)
    months = amount(resource.inputs.get("retentionInDays"), 365) / 30.4
    yield Need("ingestion", usage.log_gb * share, "aws.cloudwatch.ingest")
    # Once the first logs expire, as much is kept as is written in that time; compressed to a sixth.
    yield Need("kept", usage.log_gb * months / 6 * share, "aws.cloudwatch.storage")


def _registry(resource: Resource, context: Context) -> Iterable[Need]:
    yield Need("images", context.usage.image_gb * context.share(resource), "aws.ecr.storage")


AWS: dict[str, Estimator] = {
    _FUNCTION: _function,
    "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": _provisioned,
    "aws:apigatewayv2/api:Api": _api,
    "aws:ecs/service:Service": _service,
    "aws:lb/loadBalancer:LoadBalancer": _balancer,
    "aws:s3/bucket:Bucket": store("aws.s3"),
    "aws:s3/bucketV2:BucketV2": store("aws.s3"),
    "aws:ecr/repository:Repository": _registry,
    _LOGS: _logs,
    "aws:cloudwatch/metricAlarm:MetricAlarm": fixed("alarm", "aws.cloudwatch.alarm"),
    "aws:kms/key:Key": fixed("key", "aws.kms.key"),
    "aws:route53/zone:Zone": fixed("zone", "aws.route53.zone"),
    "aws:route53/healthCheck:HealthCheck": fixed("health check", "aws.route53.check"),
    "aws:secretsmanager/secret:Secret": fixed("secret", "aws.secrets.secret"),
    "aws:ec2/natGateway:NatGateway": fixed("hours", "aws.vpc.nat", HOURS),
    "aws:ec2/vpcEndpoint:VpcEndpoint": lambda resource, _: (
        [Need("hours", HOURS, "aws.vpc.endpoint")]
        if resource.inputs.get("vpcEndpointType") == "Interface"
        else []
    ),
}

# Settings of another resource, or without a price of their own.
AWS_FREE = [
    "aws:apigatewayv2/integration:",
    "aws:apigatewayv2/route:",
    "aws:apigatewayv2/stage:",
    "aws:apigatewayv2/authorizer:",
    "aws:apigatewayv2/apiMapping:",
    "aws:apigatewayv2/domainName:",
    "aws:acm/",
    "aws:appautoscaling/",
    "aws:autoscaling/",
    "aws:budgets/",
    "aws:ec2/egressOnlyInternetGateway:",
    "aws:ec2/internetGateway:",
    "aws:ec2/mainRouteTableAssociation:",
    "aws:ec2/route:",
    "aws:ec2/routeTable:",
    "aws:ec2/routeTableAssociation:",
    "aws:ec2/securityGroup",
    "aws:ec2/defaultSecurityGroup:",
    "aws:ec2/subnet:",
    "aws:ec2/vpc:",
    "aws:ecr/lifecyclePolicy:",
    "aws:ecr/repositoryPolicy:",
    "aws:ecs/cluster",
    "aws:ecs/taskDefinition:",
    "aws:iam/",
    "aws:kms/alias:",
    "aws:kms/keyPolicy:",
    "aws:lambda/alias:",
    "aws:lambda/permission:",
    "aws:lambda/functionUrl:",
    "aws:lambda/functionEventInvokeConfig:",
    "aws:lb/listener",
    "aws:lb/targetGroup:",
    "aws:route53/record:",
    "aws:s3/bucketAcl",
    "aws:s3/bucketLifecycle",
    "aws:s3/bucketLogging",
    "aws:s3/bucketObjectLock",
    "aws:s3/bucketOwnership",
    "aws:s3/bucketPolicy:",
    "aws:s3/bucketPublic",
    "aws:s3/bucketServerSide",
    "aws:s3/bucketVersioning",
    "aws:s3/bucketNotification:",
    "aws:s3/bucketReplicationConfig:",
    "aws:secretsmanager/secretPolicy:",
    "aws:secretsmanager/secretVersion:",
    "aws:s3/bucketCors",
    "aws:cloudwatch/logResourcePolicy:",
    "aws:cloudwatch/logMetricFilter:",
    "aws:sns/",
]
