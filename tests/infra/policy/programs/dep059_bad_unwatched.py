import pulumi_aws as aws

aws.apigatewayv2.Api("api", protocol_type="HTTP")  # <- DEP059
aws.cloudwatch.MetricAlarm(
    "answers",
    namespace="AWS/ApiGateway",
    metric_name="4xx",
    comparison_operator="GreaterThanThreshold",
    threshold=0,
    period=60,
    evaluation_periods=5,
    statistic="Sum",
)
