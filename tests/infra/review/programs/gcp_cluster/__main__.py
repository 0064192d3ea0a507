# mypy: ignore-errors
"""A Kubernetes cluster and its kubeconfig, put together by hand."""

import pulumi
from pulumi_gcp.compute import Network, Subnetwork
from pulumi_gcp.container import Cluster, NodePool

network = Network("network", auto_create_subnetworks=False)
subnetwork = Subnetwork(
    "nodes", ip_cidr_range="10.128.0.0/20", network=network.id, region="europe-west3"
)
cluster = Cluster(
    "cluster",
    location="europe-west3",
    network=network.name,
    subnetwork=subnetwork.name,
    initial_node_count=1,
    remove_default_node_pool=True,
    deletion_protection=False,
)
pool = NodePool(
    "pool",
    cluster=cluster.name,
    location=cluster.location,
    node_count=2,
    node_config={"machine_type": "e2-standard-2", "oauth_scopes": ["cloud-platform"]},
)
info = pulumi.Output.all(cluster.name, cluster.endpoint, cluster.master_auth)
kubeconfig = info.apply(
    lambda got: (
        f"""apiVersion: v1
clusters:
- name: {got[0]}
  cluster:
    certificate-authority-data: {got[2]["cluster_ca_certificate"]}
    server: https://{got[1]}
"""
    )
)
pulumi.export("kubeconfig", pulumi.Output.secret(kubeconfig))
pulumi.export("server", cluster.endpoint.apply(lambda host: f"https://{host}"))
