"""Who is told when something is wrong, and what that is."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.aws.function import Server, request_seconds
from infra.aws.gateway import Gateway
from infra.aws.site import Site

__all__ = ["make_topic", "watch_budget", "watch_function", "watch_service"]

_SLOW = 0.5  # share of a request's time, that p99 must not reach
_BUDGET_STEPS = {"ACTUAL": 100.0, "FORECASTED": 100.0}


@dataclass(frozen=True, kw_only=True)
class _Sign:
    """A metric and what is too much of it: in 3 of 5 minutes."""

    namespace: str
    metric: str
    dimensions: Mapping[str, pulumi.Input[str]]
    above: float
    percentile: str = ""


def make_topic(site: Site, key: aws.kms.Key) -> aws.sns.Topic:
    """Make the topic that alarms go to, encrypted, and tell the address of the configuration."""
    topic = aws.sns.Topic(
        site.name("alarms"), kms_master_key_id=key.arn, tags=site.tags, opts=site.opts()
    )
    aws.sns.TopicPolicy(
        site.name("alarms"),
        arn=topic.arn,
        policy=site.document(
            {
                "Sid": "Alarms",
                "Effect": "Allow",
                "Principal": {"Service": ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]},
                "Action": "sns:Publish",
                "Resource": topic.arn,
                "Condition": {"StringEquals": {"aws:SourceAccount": site.account}},
            },
            {
                "Sid": "TlsOnly",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sns:Publish",
                "Resource": topic.arn,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ),
        opts=site.opts(),
    )
    if site.config.alarm:
        aws.sns.TopicSubscription(
            site.name("alarms"),
            topic=topic.arn,
            protocol="email",
            endpoint=site.config.alarm,
            opts=site.opts(),
        )
    return topic


def watch_function(site: Site, topic: aws.sns.Topic, server: Server, gateway: Gateway) -> None:
    """Watch the function and the API: errors, throttled calls, latency.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html and
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
    """
    space, function = "AWS/Lambda", {"FunctionName": server.function.name}
    api = {"ApiId": gateway.api.id}
    slow = request_seconds(site.config.timeout) * 1000 * _SLOW
    _alarm(
        site, topic, "errors", _Sign(namespace=space, metric="Errors", dimensions=function, above=0)
    )
    _alarm(
        site,
        topic,
        "throttles",
        _Sign(namespace=space, metric="Throttles", dimensions=function, above=0),
    )
    _alarm(
        site,
        topic,
        "latency",
        _Sign(
            namespace=space, metric="Duration", dimensions=function, above=slow, percentile="p99"
        ),
    )
    _alarm(
        site,
        topic,
        "answers",
        _Sign(namespace="AWS/ApiGateway", metric="5xx", dimensions=api, above=0),
    )


def watch_service(
    site: Site, topic: aws.sns.Topic, *, balancer: pulumi.Output[str], targets: pulumi.Output[str]
) -> None:
    """Watch what the load balancer sees: errors, refused connections, latency, ill tasks.

    The two are named by the ends of their ARNs.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
    """
    space = "AWS/ApplicationELB"
    whole = {"LoadBalancer": balancer}
    group = {**whole, "TargetGroup": targets}
    slow = site.config.timeout * _SLOW
    _alarm(
        site,
        topic,
        "errors",
        _Sign(namespace=space, metric="HTTPCode_Target_5XX_Count", dimensions=group, above=0),
    )
    _alarm(
        site,
        topic,
        "throttles",
        _Sign(namespace=space, metric="RejectedConnectionCount", dimensions=whole, above=0),
    )
    _alarm(
        site,
        topic,
        "latency",
        _Sign(
            namespace=space,
            metric="TargetResponseTime",
            dimensions=group,
            above=slow,
            percentile="p99",
        ),
    )
    _alarm(
        site,
        topic,
        "health",
        _Sign(namespace=space, metric="UnHealthyHostCount", dimensions=group, above=0),
    )


def _alarm(site: Site, topic: aws.sns.Topic, part: str, sign: _Sign) -> None:
    aws.cloudwatch.MetricAlarm(
        site.name(part),
        alarm_description=f"{part} of {site.config.name}: {sign.metric} above {sign.above:g}",
        namespace=sign.namespace,
        metric_name=sign.metric,
        dimensions=dict(sign.dimensions),
        statistic=None if sign.percentile else "Sum",
        extended_statistic=sign.percentile or None,
        comparison_operator="GreaterThanThreshold",
        threshold=sign.above,
        period=60,
        evaluation_periods=5,
        datapoints_to_alarm=3,
        # Nobody asked, so nobody waited.
        treat_missing_data="notBreaching",
        alarm_actions=[topic.arn],
        ok_actions=[topic.arn],
        tags=site.tags,
        opts=site.opts(),
    )


def watch_budget(site: Site, topic: aws.sns.Topic) -> None:
    """Tell when the month's costs of what carries this model's tag pass the budget, or will.

    Tags count for costs once they are activated in the billing console:
    https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/activating-tags.html
    """
    if not site.config.budget > 0:
        return
    aws.budgets.Budget(
        site.name("budget"),
        budget_type="COST",
        time_unit="MONTHLY",
        limit_amount=str(site.config.budget),
        limit_unit="USD",
        cost_filters=[
            aws.budgets.BudgetCostFilterArgs(
                name="TagKeyValue", values=[f"user:model${site.tags['model']}"]
            )
        ],
        notifications=[
            aws.budgets.BudgetNotificationArgs(
                notification_type=kind,
                comparison_operator="GREATER_THAN",
                threshold=percent,
                threshold_type="PERCENTAGE",
                subscriber_sns_topic_arns=[topic.arn],
            )
            for kind, percent in _BUDGET_STEPS.items()
        ],
        tags=site.tags,
        opts=site.opts(),
    )
