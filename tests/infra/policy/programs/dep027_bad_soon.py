import pulumi
import pulumi_gcp as gcp

ring = gcp.kms.KeyRing("keys", location="europe-west3")
gcp.kms.CryptoKey(  # <- DEP027
    "key",
    key_ring=ring.id,
    rotation_period="7776000s",
    destroy_scheduled_duration="86400s",
    opts=pulumi.ResourceOptions(protect=True),
)
