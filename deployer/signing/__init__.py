"""Signatures of versions and of alias records.

A signature is a bundle of OpenSSF Model Signing, which other programs can make and verify too.
Which libraries are needed depends on the settings; nothing here imports one before it is used.
"""

from deployer.signing.model import Files, Signed, Signer, Verifier
from deployer.signing.modes import make_signer, make_verifier

__all__ = ["Files", "Signed", "Signer", "Verifier", "make_signer", "make_verifier"]
