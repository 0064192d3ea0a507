import pulumi_gcp as gcp

gcp.cloudrunv2.Service(
    "server",
    location="europe-west3",
    template=gcp.cloudrunv2.ServiceTemplateArgs(
        containers=[gcp.cloudrunv2.ServiceTemplateContainerArgs(image="registry.example/p:1")]
    ),
)
owner = gcp.monitoring.NotificationChannel(
    "owner", type="email", labels={"email_address": "a@example.com"}
)
gcp.monitoring.UptimeCheckConfig(
    "ready",
    display_name="ready",
    timeout="10s",
    monitored_resource=gcp.monitoring.UptimeCheckConfigMonitoredResourceArgs(
        type="uptime_url", labels={"host": "example.com"}
    ),
    http_check=gcp.monitoring.UptimeCheckConfigHttpCheckArgs(
        path="/", port=443, use_ssl=True, validate_ssl=True
    ),
)
for metric in (
    "run.googleapis.com/request_count",
    "run.googleapis.com/request_latencies",
    "monitoring.googleapis.com/uptime_check/check_passed",
):
    gcp.monitoring.AlertPolicy(
        metric.rpartition("/")[2],
        display_name=metric,
        combiner="OR",
        conditions=[
            gcp.monitoring.AlertPolicyConditionArgs(
                display_name=metric,
                condition_threshold=gcp.monitoring.AlertPolicyConditionConditionThresholdArgs(
                    filter=f'metric.type="{metric}"', comparison="COMPARISON_GT", duration="60s"
                ),
            )
        ],
        notification_channels=[owner.id],
    )
gcp.billing.Budget(
    "budget",
    billing_account="A",
    amount=gcp.billing.BudgetAmountArgs(
        specified_amount=gcp.billing.BudgetAmountSpecifiedAmountArgs(units="100")
    ),
    threshold_rules=[gcp.billing.BudgetThresholdRuleArgs(threshold_percent=1.0)],
)
