import pulumi_aws as aws

aws.cloudwatch.MetricAlarm(
    "errors",
    namespace="AWS/Lambda",
    metric_name="Errors",
    comparison_operator="GreaterThanThreshold",
    threshold=0,
    period=60,
    evaluation_periods=5,
    statistic="Sum",
    alarm_actions=["arn:aws:sns:eu-central-1:123456789012:alarms"],
)
aws.budgets.Budget(
    "month",
    budget_type="COST",
    time_unit="MONTHLY",
    limit_amount="100",
    limit_unit="USD",
    notifications=[
        {
            "notification_type": "ACTUAL",
            "comparison_operator": "GREATER_THAN",
            "threshold": 100,
            "threshold_type": "PERCENTAGE",
            "subscriber_email_addresses": ["ml@example.com"],
        }
    ],
)
