import pulumi
import pulumi_gcp as gcp

ring = gcp.kms.KeyRing("models", location="europe-west3")
key = gcp.kms.CryptoKey(
    "models",
    key_ring=ring.id,
    rotation_period="7776000s",
    opts=pulumi.ResourceOptions(protect=True),
)
gcp.kms.CryptoKeyIAMMember(  # <- DEP027
    "reader",
    crypto_key_id=key.id,
    role="roles/cloudkms.cryptoKeyDecrypter",
    member="allUsers",
)
