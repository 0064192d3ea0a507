import pulumi_gcp as gcp

ring = gcp.kms.KeyRing("models", location="europe-west3")
key = gcp.kms.CryptoKey(  # <- DEP027
    "models",
    key_ring=ring.id,
    rotation_period="7776000s",
)
