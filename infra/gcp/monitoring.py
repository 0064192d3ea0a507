"""Who is told, and of what: failed requests, slow ones, costs, an endpoint that does not answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from infra.contract import model_ready_path
from infra.gcp.site import Site

__all__ = ["make_channels", "watch_budget", "watch_service", "watch_url"]

_RUN = 'resource.type="cloud_run_revision"'
_MINUTE = "60s"

# Of the budget, spent or forecast.
_BUDGET_STEPS: Mapping[str, float] = {"CURRENT_SPEND": 1.0, "FORECASTED_SPEND": 1.0}
_SHARE = 0.5  # of the timeout: what takes longer is slow


@dataclass(frozen=True, kw_only=True)
class _Sign:
    """What a policy looks at.

    Attributes:
        part: of the endpoint, as the policy is called.
        filter: of time series.
        aligner: how points of a minute become one.
        reducer: how series become one.
        above: what is too much.
        seconds: how long it must be so.
        groups: labels that series are kept apart by.

    """

    part: str
    filter: pulumi.Input[str]
    aligner: str
    reducer: str
    above: float
    seconds: int = 180
    groups: Sequence[str] = ()


def make_channels(site: Site) -> list[gcp.monitoring.NotificationChannel]:
    """Make the channel that tells the configured address; none if there is none."""
    if not site.config.alarm:
        return []
    return [
        gcp.monitoring.NotificationChannel(
            site.name("owner"),
            project=site.project,
            display_name=f"owner of {site.config.name}",
            type="email",
            labels={"email_address": site.config.alarm},
            user_labels=site.labels,
            opts=site.opts(),
        )
    ]


def watch_service(
    site: Site,
    channels: Sequence[gcp.monitoring.NotificationChannel],
    service: gcp.cloudrunv2.Service,
) -> None:
    """Tell of requests that failed and of slow ones.

    Metrics are those of https://cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-run
    """

    def of(metric: str, more: str = "") -> pulumi.Output[str]:
        start = f'metric.type="run.googleapis.com/{metric}" AND {_RUN}{more}'
        return pulumi.Output.concat(start, ' AND resource.labels.service_name="', service.name, '"')

    failed = ' AND metric.labels.response_code_class="5xx"'
    _alert(
        site,
        channels,
        _Sign(
            part="errors",
            filter=of("request_count", failed),
            aligner="ALIGN_DELTA",
            reducer="REDUCE_SUM",
            above=0,
        ),
    )
    _alert(
        site,
        channels,
        _Sign(
            part="latency",
            filter=of("request_latencies"),
            aligner="ALIGN_PERCENTILE_99",
            reducer="REDUCE_MAX",
            above=site.config.timeout * 1000 * _SHARE,
        ),
    )


def watch_url(
    site: Site,
    channels: Sequence[gcp.monitoring.NotificationChannel],
    host: pulumi.Input[str],
) -> None:
    """Ask the endpoint from the internet to repeat its golden answers, and tell when it does not.

    https://cloud.google.com/monitoring/uptime-checks
    """
    check = gcp.monitoring.UptimeCheckConfig(
        site.name("ready"),
        project=site.project,
        display_name=f"{site.config.name} is ready",
        period=_MINUTE,
        timeout="10s",
        monitored_resource=gcp.monitoring.UptimeCheckConfigMonitoredResourceArgs(
            type="uptime_url", labels={"project_id": site.project, "host": host}
        ),
        http_check=gcp.monitoring.UptimeCheckConfigHttpCheckArgs(
            request_method="GET",
            path=model_ready_path(site.config.model),
            port=443,
            use_ssl=True,
            validate_ssl=True,
            accepted_response_status_codes=[
                gcp.monitoring.UptimeCheckConfigHttpCheckAcceptedResponseStatusCodeArgs(
                    status_value=200
                )
            ],
        ),
        user_labels=site.labels,
        opts=site.opts(),
    )
    _alert(
        site,
        channels,
        _Sign(
            part="ready",
            filter=pulumi.Output.concat(
                'metric.type="monitoring.googleapis.com/uptime_check/check_passed"',
                ' AND resource.type="uptime_url" AND metric.labels.check_id="',
                check.uptime_check_id,
                '"',
            ),
            aligner="ALIGN_NEXT_OLDER",
            reducer="REDUCE_COUNT_FALSE",
            # Of the places that ask, one may be cut off itself.
            above=1,
            groups=["resource.label.host"],
        ),
    )


def _alert(site: Site, channels: Sequence[gcp.monitoring.NotificationChannel], sign: _Sign) -> None:
    title = f"{sign.part} of {site.config.name}"
    gcp.monitoring.AlertPolicy(
        site.name(sign.part),
        project=site.project,
        display_name=title,
        combiner="OR",
        severity="CRITICAL",
        conditions=[
            gcp.monitoring.AlertPolicyConditionArgs(
                display_name=f"{title} above {sign.above:g}",
                condition_threshold=gcp.monitoring.AlertPolicyConditionConditionThresholdArgs(
                    filter=sign.filter,
                    comparison="COMPARISON_GT",
                    threshold_value=sign.above,
                    duration=f"{sign.seconds}s",
                    aggregations=[
                        gcp.monitoring.AlertPolicyConditionConditionThresholdAggregationArgs(
                            alignment_period=_MINUTE,
                            per_series_aligner=sign.aligner,
                            cross_series_reducer=sign.reducer,
                            group_by_fields=list(sign.groups) or None,
                        )
                    ],
                ),
            )
        ],
        notification_channels=[each.id for each in channels],
        user_labels=site.labels,
        opts=site.opts(),
    )


def watch_budget(site: Site, channels: Sequence[gcp.monitoring.NotificationChannel]) -> None:
    """Tell when the month's costs of what carries this model's label pass the budget, or will.

    A budget belongs to the billing account that pays for the project, and is in the account's own
    currency, as Google takes no other; who deploys needs the role
    ``roles/billing.costsManager`` there, and the API Cloud Billing Budget must be on. The account's
    administrators are told, and the configured address:
    https://cloud.google.com/billing/docs/how-to/budgets
    """
    if not site.config.budget > 0:
        return
    project = gcp.organizations.get_project_output(
        project_id=site.project, opts=pulumi.InvokeOutputOptions(parent=site.parent)
    )
    gcp.billing.Budget(
        site.name("budget"),
        # A rehearsal's answer may have neither this nor the number.
        billing_account=project.billing_account.apply(lambda account: account or ""),
        display_name=site.name("budget"),
        amount=gcp.billing.BudgetAmountArgs(
            specified_amount=gcp.billing.BudgetAmountSpecifiedAmountArgs(
                units=str(site.config.budget)
            )
        ),
        budget_filter=gcp.billing.BudgetBudgetFilterArgs(
            projects=[project.number.apply(lambda number: f"projects/{number or '-'}")],
            labels={"model": site.labels["model"]},
            calendar_period="MONTH",
        ),
        threshold_rules=[
            gcp.billing.BudgetThresholdRuleArgs(threshold_percent=share, spend_basis=basis)
            for basis, share in _BUDGET_STEPS.items()
        ],
        all_updates_rule=gcp.billing.BudgetAllUpdatesRuleArgs(
            monitoring_notification_channels=[each.id for each in channels],
            disable_default_iam_recipients=False,
        )
        if channels
        else None,
        opts=site.opts(),
    )
