import pulumi_azure_native as azure

azure.trafficmanager.Profile(  # <- DEP083
    "failover",
    resource_group_name="penguins",
    monitor_config=azure.trafficmanager.MonitorConfigArgs(protocol="HTTP", port=80, path="/"),
)
azure.consumption.Budget(  # <- DEP083
    "budget",
    scope="/subscriptions/s",
    category="Cost",
    amount=100,
    time_grain="Monthly",
    time_period=azure.consumption.BudgetTimePeriodArgs(start_date="2026-01-01T00:00:00Z"),
    notifications={
        "actual": azure.consumption.NotificationArgs(
            enabled=False, operator="GreaterThan", threshold=100, contact_emails=["a@example.com"]
        )
    },
)
