"""Who is told, and of what: failed requests, slow ones, containers that die, and costs."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pulumi_azure_native import app, consumption, monitor

from infra.azure.site import Site

__all__ = ["make_receivers", "watch_app", "watch_budget"]

_SPACE = "microsoft.app/containerapps"
_SHARE = 0.5  # of the timeout: what takes longer on average is slow
_GATEWAY_SECONDS = 240  # of the ingress, whatever the configuration says

# Percent of the budget, spent or forecast.
_BUDGET_STEPS: Mapping[str, int] = {"Actual": 100, "Forecasted": 100}


@dataclass(frozen=True, kw_only=True)
class _Sign:
    """What an alert looks at.

    Attributes:
        part: of the endpoint, as the alert is called.
        metric: its name.
        how: how the minutes become one, such as ``Total``.
        above: what is too much.
        only: dimension → value that counts.

    """

    part: str
    metric: str
    how: monitor.AggregationTypeEnum
    above: float
    only: Mapping[str, str]


def make_receivers(site: Site) -> list[monitor.ActionGroup]:
    """Make the group that tells the configured address; none if there is none."""
    if not site.config.alarm:
        return []
    return [
        monitor.ActionGroup(
            site.name("owner"),
            resource_group_name=site.group.name,
            location="global",
            group_short_name=site.config.name[:12],
            enabled=True,
            email_receivers=[
                monitor.MicrosoftCommonEmailReceiverArgs(
                    name="owner", email_address=site.config.alarm, use_common_alert_schema=True
                )
            ],
            tags=site.tags,
            opts=site.opts(),
        )
    ]


def watch_app(
    site: Site, receivers: Sequence[monitor.ActionGroup], server: app.ContainerApp
) -> None:
    """Tell of requests that failed, of slow ones, and of containers that were started again.

    https://learn.microsoft.com/azure/azure-monitor/reference/supported-metrics/microsoft-app-containerapps-metrics
    """
    total, average = monitor.AggregationTypeEnum.TOTAL, monitor.AggregationTypeEnum.AVERAGE
    slow = min(site.config.timeout, _GATEWAY_SECONDS) * 1000 * _SHARE
    signs = (
        _Sign(
            part="errors", metric="Requests", how=total, above=0, only={"statusCodeCategory": "5xx"}
        ),
        _Sign(part="latency", metric="ResponseTime", how=average, above=slow, only={}),
        _Sign(
            part="restarts",
            metric="RestartCount",
            how=monitor.AggregationTypeEnum.MAXIMUM,
            above=2,
            only={},
        ),
    )
    for sign in signs:
        _alert(site, receivers, server, sign)


def _alert(
    site: Site,
    receivers: Sequence[monitor.ActionGroup],
    server: app.ContainerApp,
    sign: _Sign,
) -> None:
    monitor.MetricAlert(
        site.name(sign.part),
        resource_group_name=site.group.name,
        location="global",
        description=f"{sign.part} of {site.config.name}: {sign.metric} above {sign.above:g}",
        enabled=True,
        severity=1,
        scopes=[server.id],
        evaluation_frequency="PT1M",
        window_size="PT5M",
        auto_mitigate=True,
        criteria=monitor.MetricAlertSingleResourceMultipleMetricCriteriaArgs(
            odata_type="Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
            all_of=[
                monitor.MetricCriteriaArgs(
                    criterion_type="StaticThresholdCriterion",
                    name=sign.part,
                    metric_namespace=_SPACE,
                    metric_name=sign.metric,
                    time_aggregation=sign.how,
                    operator=monitor.Operator.GREATER_THAN,
                    threshold=sign.above,
                    dimensions=[
                        monitor.MetricDimensionArgs(name=name, operator="Include", values=[value])
                        for name, value in sign.only.items()
                    ],
                    # A metric is not known before the app first tells it.
                    skip_metric_validation=True,
                )
            ],
        ),
        actions=[monitor.MetricAlertActionArgs(action_group_id=each.id) for each in receivers],
        tags=site.tags,
        opts=site.opts(),
    )


def watch_budget(site: Site) -> None:
    """Tell when the month's costs of the resource group pass the budget, or will.

    The amount is in the currency that the subscription is billed in: the request names none, and
    the answer tells one, https://learn.microsoft.com/rest/api/consumption/budgets/create-or-update
    """
    if not site.config.budget > 0:
        return
    # Azure refuses one that begins in a month before this.
    start = dt.datetime.now(dt.UTC).date().replace(day=1)
    consumption.Budget(
        site.name("budget"),
        scope=site.group.id,
        category=consumption.CategoryType.COST,
        amount=site.config.budget,
        time_grain=consumption.TimeGrainType.MONTHLY,
        time_period=consumption.BudgetTimePeriodArgs(start_date=f"{start}T00:00:00Z"),
        notifications={
            kind.lower(): consumption.NotificationArgs(
                enabled=True,
                operator=consumption.OperatorType.GREATER_THAN,
                threshold=percent,
                threshold_type=kind,
                contact_emails=[site.config.alarm] if site.config.alarm else [],
                contact_roles=["Owner"],
            )
            for kind, percent in _BUDGET_STEPS.items()
        },
        opts=site.opts(ignore=["timePeriod"]),
    )
