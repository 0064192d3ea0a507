import pulumi_gcp as gcp

policy = gcp.compute.SSLPolicy("policy", profile="MODERN", min_tls_version="TLS_1_2")
gcp.compute.TargetHttpsProxy(
    "proxy", url_map="routes", ssl_certificates=["c"], ssl_policy=policy.id
)
strict = gcp.compute.RegionSslPolicy(
    "strict", region="europe-west3", profile="RESTRICTED", min_tls_version="TLS_1_3"
)
gcp.compute.RegionTargetHttpsProxy(
    "regional", region="europe-west3", url_map="routes", ssl_policy=strict.self_link
)
