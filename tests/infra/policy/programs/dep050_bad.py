import pulumi_aws as aws

aws.cloudwatch.MetricAlarm(  # <- DEP050
    "errors",
    namespace="AWS/Lambda",
    metric_name="Errors",
    comparison_operator="GreaterThanThreshold",
    threshold=0,
    period=60,
    evaluation_periods=5,
    statistic="Sum",
)
