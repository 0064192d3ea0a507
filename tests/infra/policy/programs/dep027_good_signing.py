import pulumi
import pulumi_gcp as gcp

ring = gcp.kms.KeyRing("models", location="europe-west3")
key = gcp.kms.CryptoKey(
    "models",
    key_ring=ring.id,
    purpose="ASYMMETRIC_SIGN",
    opts=pulumi.ResourceOptions(protect=True),
)
