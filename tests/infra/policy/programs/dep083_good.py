import pulumi_azure_native as azure

server = azure.app.ContainerApp(
    "server",
    resource_group_name="penguins",
    configuration=azure.app.ConfigurationArgs(
        ingress=azure.app.IngressArgs(external=True, target_port=8080)
    ),
)
owner = azure.monitor.ActionGroup(
    "owner",
    resource_group_name="penguins",
    group_short_name="owner",
    enabled=True,
    email_receivers=[
        azure.monitor.MicrosoftCommonEmailReceiverArgs(name="a", email_address="a@example.com")
    ],
)
for metric in ("Requests", "ResponseTime", "RestartCount"):
    azure.monitor.MetricAlert(
        metric,
        resource_group_name="penguins",
        enabled=True,
        severity=1,
        scopes=[server.id],
        evaluation_frequency="PT1M",
        window_size="PT5M",
        criteria=azure.monitor.MetricAlertSingleResourceMultipleMetricCriteriaArgs(
            odata_type="Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
            all_of=[
                azure.monitor.MetricCriteriaArgs(
                    criterion_type="StaticThresholdCriterion",
                    name=metric,
                    metric_name=metric,
                    time_aggregation="Total",
                    operator="GreaterThan",
                    threshold=0,
                )
            ],
        ),
        actions=[azure.monitor.MetricAlertActionArgs(action_group_id=owner.id)],
    )
azure.trafficmanager.Profile(
    "failover",
    resource_group_name="penguins",
    monitor_config=azure.trafficmanager.MonitorConfigArgs(protocol="HTTPS", port=443, path="/"),
)
azure.consumption.Budget(
    "budget",
    scope="/subscriptions/s",
    category="Cost",
    amount=100,
    time_grain="Monthly",
    time_period=azure.consumption.BudgetTimePeriodArgs(start_date="2026-01-01T00:00:00Z"),
    notifications={
        "actual": azure.consumption.NotificationArgs(
            enabled=True, operator="GreaterThan", threshold=100, contact_emails=["a@example.com"]
        )
    },
)
