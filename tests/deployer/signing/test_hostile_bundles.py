"""Bundles that somebody tampered with or made up: one line, exit code 11, nothing believed."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from deployer.errors import DamagedError, ExitCode
from deployer.signing import bundle as bundles
from deployer.signing.key_mode import KeyVerifier
from tests.deployer.signing.signing_kit import (
    FILES,
    SUBJECT,
    b64,
    dump,
    fingerprint,
    key,
    refused,
    sealed,
    sha256,
    statement,
    verified,
)

OWN = key("own")
EVIL = ("evil.py", sha256(b"evil"))
Document = dict[str, Any]


def good() -> Document:
    return sealed(statement(), OWN)


def payload_of(document: Document) -> bytes:
    return base64.b64decode(document["dsseEnvelope"]["payload"])


def test_a_bundle_made_by_hand_is_believed(verifier: KeyVerifier) -> None:
    """Else what follows would prove nothing."""
    assert verified(verifier, dump(good())).covers == "manifest"


def test_no_byte_can_be_changed(verifier: KeyVerifier, bundle: bytes) -> None:
    """Each byte in turn, by one bit of it; the bits take turns."""
    for index in range(len(bundle)):
        changed = bytearray(bundle)
        changed[index] ^= 1 << index % 8
        refused(verifier, bytes(changed))


def test_no_byte_can_be_missing(verifier: KeyVerifier, bundle: bytes) -> None:
    for end in range(0, len(bundle), 7):
        refused(verifier, bundle[:end])
        refused(verifier, bundle[:end] + bundle[end + 1 :])


def test_white_space_in_the_signed_text_counts(verifier: KeyVerifier) -> None:
    """The same meaning in other bytes: only the signature itself can tell."""
    document = good()
    said = json.loads(payload_of(document))
    document["dsseEnvelope"]["payload"] = b64(json.dumps(said, indent=1).encode())
    assert "changed" in refused(verifier, dump(document))


def test_white_space_around_it_does_not(verifier: KeyVerifier) -> None:
    assert verified(verifier, json.dumps(good(), indent=2).encode()).covers == "manifest"


GARBAGE: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "null": lambda: b"null",
    "a number": lambda: b"1e999",
    "a list": lambda: b"[]",
    "an object": lambda: b"{}",
    "a text": lambda: b'"x"',
    "no JSON": lambda: b"\x89PNG\r\n",
    "UTF-16": lambda: json.dumps(good()).encode("utf-16"),
    "a byte order mark": lambda: b"\xef\xbb\xbf" + dump(good()),
    "two documents": lambda: dump(good()) * 2,
    "NaN": lambda: b'{"mediaType": NaN}',
    "deep lists": lambda: b"[" * 200_000,
    "deep objects": lambda: b'{"verificationMaterial":' * 200_000,
    "deep proofs": lambda: (
        b'{"mediaType":"x","verificationMaterial":{"tlogEntries":' + b"[" * 100_000
    ),
    "huge": lambda: dump(good()) + b" " * bundles.MAX_BUNDLE,
    "a long line": lambda: dump({"x" * 100_000: 1}),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage(verifier: KeyVerifier, name: str) -> None:
    refused(verifier, GARBAGE[name]())


def at(document: Document, path: str, value: Any) -> Document:
    """Set the field at `path`, or remove it."""
    *above, last = path.split(".")
    inner: Any = document
    for step in above:
        inner = inner[int(step) if step.isdigit() else step]
    if value is ...:
        del inner[last]
    else:
        inner[int(last) if last.isdigit() else last] = value
    return document


ENVELOPE = "dsseEnvelope"
SIGNATURE = f"{ENVELOPE}.signatures.0.sig"
FIELDS: dict[str, tuple[str, Any]] = {
    "another media type": ("mediaType", "application/vnd.dev.sigstore.bundle+json;version=0.1"),
    "no media type": ("mediaType", ...),
    "no material": ("verificationMaterial", ...),
    "empty material": ("verificationMaterial", {}),
    "material is a text": ("verificationMaterial", "x"),
    "a hint that is no text": ("verificationMaterial.publicKey", {"hint": 1}),
    "another hint": ("verificationMaterial.publicKey", {"hint": "00" * 32}),
    "a path for a hint": ("verificationMaterial.publicKey", {"hint": "../../etc/passwd"}),
    "no envelope": (ENVELOPE, ...),
    "a plain signature": ("messageSignature", {"signature": "AAAA"}),
    "an unknown field": ("extra", 1),
    "a second envelope in other letters": ("dsse_envelope", good()[ENVELOPE]),
    "no signature": (f"{ENVELOPE}.signatures", []),
    "two signatures": (f"{ENVELOPE}.signatures", good()[ENVELOPE]["signatures"] * 2),
    "an empty signature": (SIGNATURE, ""),
    "a signature of zeros": (SIGNATURE, b64(bytes(71))),
    "a signature of r = s = 0": (SIGNATURE, b64(bytes.fromhex("3006020100020100"))),
    "no base64": (SIGNATURE, "%%%%"),
    "base64 with more padding": (SIGNATURE, good()[ENVELOPE]["signatures"][0]["sig"] + "="),
    "base64 with a line feed": (f"{ENVELOPE}.payload", good()[ENVELOPE]["payload"] + "\n"),
    "another payload type": (f"{ENVELOPE}.payloadType", "application/json"),
    "no payload": (f"{ENVELOPE}.payload", ""),
    "a payload of null": (f"{ENVELOPE}.payload", b64(b"null")),
    "a deep payload": (f"{ENVELOPE}.payload", b64(b"[" * 100_000)),
}


@pytest.mark.parametrize("name", FIELDS)
def test_another_field(verifier: KeyVerifier, name: str) -> None:
    path, value = FIELDS[name]
    refused(verifier, dump(at(good(), path, value)))


def test_a_signature_of_something_else(verifier: KeyVerifier) -> None:
    """Signed by the right key, for another purpose."""
    document = good()
    other = OWN.sign(payload_of(document), ec.ECDSA(hashes.SHA256()))
    refused(verifier, dump(at(document, SIGNATURE, b64(other))))
    of_another = sealed(statement(subject="x"), OWN)[ENVELOPE]["signatures"][0]["sig"]
    refused(verifier, dump(at(good(), SIGNATURE, of_another)))


RESOURCES = "predicate.resources"
HOW = "predicate.serialization"
first = dict(statement()["predicate"]["resources"][0])
SIGNED: dict[str, tuple[Document, str]] = {
    "another predicate": (statement(predicateType="https://slsa.dev/provenance/v1"), "slsa.dev"),
    "the predicate of before 1.0": (
        statement(predicateType="https://model_signing/Digests/v0.1"),
        "Digests",
    ),
    "no predicate": (at(statement(), "predicate", ...), "serialization"),
    "another statement": (statement(_type="https://in-toto.io/Statement/v0.1"), "Statement/v1"),
    "no subject": (statement() | {"subject": []}, "0 subjects"),
    "two subjects": (statement() | {"subject": statement()["subject"] * 2}, "2 subjects"),
    "a root that is wrong": (at(statement(), "subject.0.digest.sha256", "00" * 32), "inconsistent"),
    "no root": (at(statement(), "subject.0.digest", {}), "sha256"),
    "a file less": (statement(FILES[1:]), "'model.onnx' is not signed"),
    "a file more": (statement([*FILES, EVIL]), "'evil.py' is missing"),
    "a file twice": (statement([*FILES, FILES[0]]), "twice"),
    "a file twice, first wrong": (statement([(FILES[0][0], EVIL[1]), *FILES]), "twice"),
    "a file twice, last wrong": (statement([*FILES, (FILES[0][0], EVIL[1])]), "twice"),
    "the same file in two spellings": (
        statement([*FILES, (f"./{FILES[0][0]}", EVIL[1])]),
        "'./model.onnx' is missing",
    ),
    "a path in another spelling": (
        statement([(f".//{FILES[0][0]}", FILES[0][1]), *FILES[1:]]),
        "'model.onnx' is not signed",
    ),
    "a path upwards": (statement([*FILES, ("../x", EVIL[1])]), "'../x' is missing"),
    "an absolute path": (statement([*FILES, ("/etc/passwd", EVIL[1])]), "is missing"),
    "another algorithm": (statement(algorithm="blake3"), "hashed with 'blake3'"),
    "another algorithm by the way": (statement(serialization={"hash_type": "blake2"}), "blake2"),
    "shards": (
        statement(serialization={"method": "shards", "shard_size": 1000}),
        "shards hashed with sha256",
    ),
    "no method": (at(statement(), f"{HOW}.method", ...), "method"),
    "a digest that is no text": (at(statement(), f"{RESOURCES}.0.digest", 7), "digest"),
    "a digest in capitals": (
        at(statement(), f"{RESOURCES}.0.digest", FILES[0][1].upper()),
        "'model.onnx' is not the one",
    ),
    "resources are an object": (at(statement(), RESOURCES, {}), "resources"),
    "a resource without a name": (at(statement(), f"{RESOURCES}.0", {"digest": ""}), "name"),
}


@pytest.mark.parametrize("name", SIGNED)
def test_signed_by_the_right_key_but_wrong(verifier: KeyVerifier, name: str) -> None:
    said, told = SIGNED[name]
    assert told in refused(verifier, dump(sealed(said, OWN)))


@pytest.mark.parametrize(
    "ignored", [["evil.py"], ["."], [""], ["/"], [".."], [None], "evil.py", 7, {"evil.py": 1}]
)
def test_a_signature_cannot_have_files_ignored(verifier: KeyVerifier, ignored: object) -> None:
    said = statement(serialization={"ignore_paths": ignored})
    made = dump(sealed(said, OWN))
    assert "'evil.py' is not signed" in refused(verifier, made, files=[*FILES, EVIL])
    # What it ignored is nobody's business if everything is signed.
    if isinstance(ignored, list) and all(isinstance(each, str) for each in ignored):
        assert verified(verifier, made).covers == "manifest"


@pytest.mark.parametrize("name", ["penguins", "", "a/b", f"{SUBJECT}\n", f"{SUBJECT}0", "@sha256:"])
def test_a_name_that_is_no_manifest_covers_the_files(verifier: KeyVerifier, name: str) -> None:
    assert verified(verifier, dump(sealed(statement(subject=name), OWN))).covers == "files"


@pytest.mark.parametrize("name", [f"a\nb@sha256:{'00' * 32}", f"@sha256:{'00' * 32}"])
def test_a_name_of_another_manifest(verifier: KeyVerifier, name: str) -> None:
    assert "it is of" in refused(verifier, dump(sealed(statement(subject=name), OWN)))


def test_a_bundle_of_before_the_key_was_named(
    verifier: KeyVerifier, capfd: pytest.CaptureFixture[str]
) -> None:
    old = at(good(), "verificationMaterial", {"publicKey": {"rawBytes": "AA==", "keyDetails": "K"}})
    assert verified(verifier, dump(old)).signer == fingerprint(OWN)
    assert capfd.readouterr() == ("", "")


def test_names_given_twice(verifier: KeyVerifier) -> None:
    """Two envelopes, one signed and one not: whichever is read, it is the one that is checked."""
    signed = dump(good())
    other = dump(sealed(statement([*FILES, EVIL]), key("stranger"))[ENVELOPE])
    field = b'"dsseEnvelope": '
    first_ = signed.replace(field, field + other + b", " + field)
    last = signed[:-1] + b", " + field + other + b"}"
    for document in (first_, last):
        refused(verifier, document, files=[*FILES, EVIL])


def test_ten_thousand_files(verifier: KeyVerifier) -> None:
    many = [(f"{'d' * 240}/{'é' * 120}{n}", sha256(b"%d" % n)) for n in range(10_000)]
    made = dump(sealed(statement(many), OWN))
    assert len(made) < bundles.MAX_BUNDLE / 2
    assert verified(verifier, made, files=many).covers == "manifest"
    refused(verifier, made, files=many[:-1])


def test_the_exit_code() -> None:
    assert DamagedError.exit_code == ExitCode.INTEGRITY
