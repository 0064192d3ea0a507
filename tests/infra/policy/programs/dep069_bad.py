import pulumi_gcp as gcp

gcp.compute.BackendService("silent")  # <- DEP069
gcp.compute.RegionBackendService(  # <- DEP069
    "off",
    region="europe-west3",
    protocol="HTTPS",
    load_balancing_scheme="EXTERNAL_MANAGED",
    log_config=gcp.compute.RegionBackendServiceLogConfigArgs(enable=False),
)
