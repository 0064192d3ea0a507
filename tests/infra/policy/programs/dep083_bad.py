import pulumi_azure_native as azure

server = azure.app.ContainerApp(  # <- DEP083
    "server",
    resource_group_name="penguins",
    configuration=azure.app.ConfigurationArgs(
        ingress=azure.app.IngressArgs(external=True, target_port=8080)
    ),
)
azure.monitor.ActionGroup(  # <- DEP083
    "owner", resource_group_name="penguins", group_short_name="owner", enabled=False
)
azure.monitor.MetricAlert(  # <- DEP083
    "errors",
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
                name="errors",
                metric_name="Requests",
                time_aggregation="Total",
                operator="GreaterThan",
                threshold=0,
            )
        ],
    ),
)
