import pulumi_gcp as gcp

gcp.cloudrunv2.Service(  # <- DEP067
    "server",
    location="europe-west3",
    template=gcp.cloudrunv2.ServiceTemplateArgs(
        containers=[gcp.cloudrunv2.ServiceTemplateContainerArgs(image="registry.example/p:1")]
    ),
)
gcp.monitoring.NotificationChannel("owner", type="email", labels={"email_address": "a@example.com"})
gcp.monitoring.AlertPolicy(  # <- DEP067
    "errors",
    display_name="errors",
    combiner="OR",
    conditions=[
        gcp.monitoring.AlertPolicyConditionArgs(
            display_name="errors",
            condition_threshold=gcp.monitoring.AlertPolicyConditionConditionThresholdArgs(
                filter='metric.type="run.googleapis.com/request_count"',
                comparison="COMPARISON_GT",
                duration="60s",
            ),
        )
    ],
)
