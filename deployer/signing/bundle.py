"""A signature bundle as data: parsed strictly, and compared with what it should say.

A bundle is sigstore's JSON around a DSSE envelope around an in-toto statement, as OpenSSF Model
Signing writes it. Here nothing is believed yet: :mod:`deployer.signing.library` checks the
signature of what :meth:`Bundle.encode` returns, so what it checked and what was compared here are
the same bytes.
"""

import base64
import binascii
import re
from typing import Any, Literal, TypeVar

import msgspec

from deployer import typed
from deployer.errors import DamagedError
from deployer.signing.model import Files

__all__ = [
    "Bundle",
    "Material",
    "PublicKey",
    "covers",
    "decode_base64",
    "not_signed",
    "read_bundle",
]

MAX_BUNDLE = 32 * 1024 * 1024  # twice what 10,000 files with the longest paths need
PREDICATE = "https://model_signing/signature/v1.0"
_OURS = re.compile(r".*@sha256:[0-9a-f]{64}\Z", re.DOTALL)
_SHOWN = 200

_S = TypeVar("_S")


class PublicKey(msgspec.Struct, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """The name of the signer's key; before the library's 1.1 the key itself."""

    hint: str | None = None
    raw_bytes: str | None = None
    key_details: str | None = None


class Certificate(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """One certificate, DER in base64."""

    raw_bytes: str


class Chain(msgspec.Struct, forbid_unknown_fields=True):
    """The signer's certificate and those above it."""

    certificates: list[Certificate]


class Material(msgspec.Struct, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """What is needed to verify: one of the three, and sigstore's proofs for the keyless way."""

    public_key: PublicKey | None = None
    x509_certificate_chain: Chain | None = None
    certificate: Certificate | None = None
    tlog_entries: list[Any] = msgspec.field(default_factory=list)
    timestamp_verification_data: Any = None


class EnvelopeSignature(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A signature in base64; nobody needs the name of its key."""

    sig: str
    keyid: str = ""


class Envelope(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """DSSE: a payload, its type, and the signature of both."""

    payload: str
    payload_type: str
    signatures: list[EnvelopeSignature]


class Resource(msgspec.Struct):
    """A file that was signed."""

    name: str
    algorithm: str
    digest: str


class Serialization(msgspec.Struct):
    """How the files were hashed; what was ignored then does not matter: it is not signed."""

    method: str
    hash_type: str


class Predicate(msgspec.Struct):
    """What the statement says of its subject."""

    serialization: Serialization
    resources: list[Resource]


class Subject(msgspec.Struct):
    """What the statement is about."""

    name: str


class Statement(msgspec.Struct, rename="camel"):
    """The in-toto statement that is signed."""

    predicate_type: str
    subject: list[Subject]
    predicate: msgspec.Raw = msgspec.Raw(b"{}")


class Bundle(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A signature bundle; nothing in it has been verified."""

    media_type: str
    verification_material: Material
    dsse_envelope: Envelope

    def statement(self, where: str) -> Statement:
        """Return the statement inside.

        Raises:
            DamagedError: it is none, or not about a model's files.

        """
        payload = decode_base64(self.dsse_envelope.payload, "payload", where)
        return _decode(payload, Statement, where)

    def encode(self, material: Material | None = None) -> bytes:
        """Return it as JSON, with another verification material if one is given."""
        shown = msgspec.structs.replace(self, verification_material=material) if material else self
        return msgspec.json.encode(shown)


def not_signed(why: str, where: str, hint: str = "sign the version again") -> DamagedError:
    """Return the error of a signature that proves nothing: one line, whatever is in `why`."""
    line = " ".join(why.split())
    short = line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
    return DamagedError(f"the signature is refused: {short}", where=where, hint=hint)


def read_bundle(body: bytes, *, where: str) -> Bundle:
    """Parse a bundle.

    Raises:
        DamagedError: it is none, or one that can be read in two ways.

    """
    if len(body) > MAX_BUNDLE:
        raise not_signed(f"it has {len(body)} bytes, {MAX_BUNDLE} are allowed", where)
    bundle = _decode(body, Bundle, where)
    if len(bundle.dsse_envelope.signatures) != 1:
        count = len(bundle.dsse_envelope.signatures)
        raise not_signed(f"it has {count} signatures, not one", where)
    decode_base64(bundle.dsse_envelope.signatures[0].sig, "signature", where)
    return bundle


def covers(
    bundle: Bundle, *, subject: str, files: Files, where: str
) -> Literal["manifest", "files"]:
    """Compare what the bundle says with what it should say.

    Args:
        bundle: a parsed bundle.
        subject: ``<model>@sha256:<digest of the manifest without signature>``.
        files: all files of the version.
        where: the bundle, in errors.

    Raises:
        DamagedError: it is about other files, or about another model or manifest.

    """
    statement = bundle.statement(where)
    if statement.predicate_type != PREDICATE:
        raise not_signed(f"it says {statement.predicate_type!r}, not {PREDICATE!r}", where)
    predicate = _decode(bytes(statement.predicate), Predicate, where)
    _check_method(predicate.serialization, where)
    _check_files(predicate.resources, files, where)
    if len(statement.subject) != 1:
        raise not_signed(f"it has {len(statement.subject)} subjects, not one", where)
    signed = statement.subject[0].name
    if signed == subject:
        return "manifest"
    # A signature that names a manifest must never pass for one that names none.
    if _OURS.match(signed):
        raise not_signed(f"it is of {signed!r}, not of {subject!r}", where)
    return "files"


def _check_method(used: Serialization, where: str) -> None:
    if (used.method, used.hash_type) != ("files", "sha256"):
        raise not_signed(
            f"{used.method} hashed with {used.hash_type} cannot be compared",
            where,
            "sign whole files with sha256",
        )


def _check_files(resources: list[Resource], files: Files, where: str) -> None:
    expected = dict(files)
    if len(expected) != len(files):
        raise not_signed("the manifest has a path twice", where)
    signed: dict[str, str] = {}
    for resource in resources:
        if resource.name in signed:
            raise not_signed(f"it has the file {resource.name!r} twice", where)
        if resource.algorithm != "sha256":
            raise not_signed(f"{resource.name!r} is hashed with {resource.algorithm!r}", where)
        signed[resource.name] = resource.digest
    for path, digest in expected.items():
        if path not in signed:
            raise not_signed(f"the file {path!r} is not signed", where)
        if signed[path] != digest:
            raise not_signed(f"the file {path!r} is not the one that was signed", where)
    for path in signed:
        if path not in expected:
            raise not_signed(f"the signed file {path!r} is missing", where)


def decode_base64(text: str, name: str, where: str) -> bytes:
    """Return the bytes; refuse a text that is not the one and only base64 of them."""
    try:
        decoded = base64.b64decode(text)
    except (binascii.Error, ValueError) as error:
        raise not_signed(f"its {name} is not base64: {error}", where) from error
    if base64.b64encode(decoded).decode() != text:
        raise not_signed(f"its {name} is not canonical base64", where)
    return decoded


def _decode(body: bytes, kind: type[_S], where: str) -> _S:
    try:
        return typed.decode(body, kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise not_signed(f"it is not a signature bundle: {error}", where) from error
