import pulumi_gcp as gcp

gcp.monitoring.UptimeCheckConfig(  # <- DEP067
    "ready",
    display_name="ready",
    timeout="10s",
    monitored_resource=gcp.monitoring.UptimeCheckConfigMonitoredResourceArgs(
        type="uptime_url", labels={"host": "example.com"}
    ),
    http_check=gcp.monitoring.UptimeCheckConfigHttpCheckArgs(path="/", port=80),
)
