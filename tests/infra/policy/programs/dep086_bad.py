import pulumi_gcp as gcp

gcp.compute.Network("everywhere")  # <- DEP086
