import pulumi_gcp as gcp

gcp.compute.TargetHttpsProxy("open", url_map="routes", ssl_certificates=["c"])  # <- DEP068
old = gcp.compute.SSLPolicy("old", profile="MODERN", min_tls_version="TLS_1_1")  # <- DEP068
weak = gcp.compute.RegionSslPolicy(  # <- DEP068
    "weak", region="europe-west3", min_tls_version="TLS_1_2"
)
gcp.compute.TargetSSLProxy("proxy", backend_service="b", ssl_policy=old.id)
