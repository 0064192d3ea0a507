"""Signatures of alias records: by a trusted key, over these bytes, for this purpose."""

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from deployer.errors import DamagedError
from deployer.signing.key_mode import KeySigner, KeyVerifier
from tests.deployer.signing.signing_kit import (
    IN_TOTO,
    b64,
    clear,
    fingerprint,
    key,
    pae,
    write_pair,
)

PAYLOAD = b'{"alias":"champion","seq":3}'
TYPE = "application/vnd.deployer.record+json"
OWN = key("own")
NAME = fingerprint(OWN)[:16]


def refused(verifier: KeyVerifier, payload: bytes, sig: str) -> str:
    with pytest.raises(DamagedError) as caught:
        verifier.verify_record(payload, sig, where="models/m/aliases/a.json")
    return clear(caught.value)


@given(st.binary(max_size=200))
def test_round_trip(signer: KeySigner, verifier: KeyVerifier, payload: bytes) -> None:
    sig = signer.sign_record(payload)
    assert verifier.verify_record(payload, sig, where="x") == fingerprint(OWN)
    refused(verifier, payload + b" ", sig)


def test_the_form_is_the_documented_one(verifier: KeyVerifier) -> None:
    """Made without our code: a reader in another language can do the same."""
    made = OWN.sign(pae(PAYLOAD, TYPE), ec.ECDSA(hashes.SHA256()))
    assert verifier.verify_record(PAYLOAD, f"{NAME}:{b64(made)}", where="x") == fingerprint(OWN)


@pytest.mark.parametrize("curve", ["secp384r1", "secp521r1"])
def test_other_curves(tmp_path: Path, curve: str) -> None:
    private, public = write_pair(tmp_path, key("k", curve))
    sig = KeySigner(private, None).sign_record(PAYLOAD)
    assert KeyVerifier([public]).verify_record(PAYLOAD, sig, where="x")


def test_every_bit(signer: KeySigner, verifier: KeyVerifier) -> None:
    sig = signer.sign_record(PAYLOAD)
    name, _, text = sig.partition(":")
    raw = base64.b64decode(text)
    for bit in range(8 * len(raw)):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        refused(verifier, PAYLOAD, f"{name}:{b64(bytes(changed))}")
    for bit in range(8 * len(PAYLOAD)):
        other = bytearray(PAYLOAD)
        other[bit // 8] ^= 1 << bit % 8
        refused(verifier, bytes(other), sig)


@pytest.mark.parametrize(
    "sig",
    ["", ":", NAME, f"{NAME}:", f"{NAME}:%%", f"{NAME}:é", ":AAAA", f"{NAME}:AAAA", "x" * 9999],
)
def test_garbage(verifier: KeyVerifier, sig: str) -> None:
    refused(verifier, PAYLOAD, sig)


def test_for_another_purpose(verifier: KeyVerifier) -> None:
    """A signature of a bundle must not pass for one of a record, nor one of the bare bytes."""
    for signed in (pae(PAYLOAD, IN_TOTO), PAYLOAD):
        made = OWN.sign(signed, ec.ECDSA(hashes.SHA256()))
        assert "changed" in refused(verifier, PAYLOAD, f"{NAME}:{b64(made)}")


def test_several_keys(own: tuple[Path, Path], tmp_path: Path, verifier: KeyVerifier) -> None:
    new = write_pair(tmp_path, key("new"))
    sig = KeySigner(new[0], None).sign_record(PAYLOAD)
    assert "no key that is trusted" in refused(verifier, PAYLOAD, sig)
    both = KeyVerifier([own[1], new[1]])
    assert both.verify_record(PAYLOAD, sig, where="x") == fingerprint(key("new"))
    # The name of a trusted key is no proof.
    refused(both, PAYLOAD, f"{NAME}:{sig.partition(':')[2]}")
