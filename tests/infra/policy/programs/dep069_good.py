import pulumi_gcp as gcp

gcp.compute.BackendService(
    "told", log_config=gcp.compute.BackendServiceLogConfigArgs(enable=True, sample_rate=1.0)
)
gcp.compute.RegionBackendService(
    "inside", region="europe-west3", protocol="TCP", load_balancing_scheme="INTERNAL"
)
