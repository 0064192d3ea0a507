import pulumi_gcp as gcp

gcp.compute.Network("planned", auto_create_subnetworks=False)
