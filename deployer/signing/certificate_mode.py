"""Signing with a certificate of a private authority."""

import contextlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from deployer.errors import UsageError
from deployer.signing import keys
from deployer.signing.bundle import Bundle, covers, decode_base64, not_signed, read_bundle
from deployer.signing.model import Files, Signed

if TYPE_CHECKING:
    from model_signing import signing

__all__ = ["CertificateSigner", "CertificateVerifier"]

Clock = Callable[[], datetime]


def _clock() -> datetime:
    return datetime.now(UTC)


class CertificateSigner:
    """Signs with a private key that a certificate vouches for."""

    def __init__(
        self, private_key: Path, certificate: Path, chain: Sequence[Path], now: Clock = _clock
    ) -> None:
        advice = "certificate mode needs a key that is not encrypted"
        self._key = keys.load_private(private_key, None, advice=advice)
        own = _load(certificate)[0]
        wrong = _unfit(own, None, now())
        if wrong:
            raise UsageError(
                f"the certificate {wrong}", where=str(certificate), hint="renew the certificate"
            )
        if own.public_key() != self._key.public_key():
            raise UsageError(
                f"is not of the key {private_key}",
                where=str(certificate),
                hint="see: signing.private_key and signing.certificate",
            )
        _load_all(chain)
        self._paths = (private_key, certificate, tuple(chain))

    @cached_property
    def _config(self) -> "signing.Config":
        from deployer.signing import library  # noqa: PLC0415 - a second, when it is used

        private_key, certificate, chain = self._paths
        return library.signing_config().use_certificate_signer(
            private_key=private_key, signing_certificate=certificate, certificate_chain=chain
        )

    def sign(self, subject: str, files: Files) -> bytes:
        """Return a bundle."""
        from deployer.signing import library  # noqa: PLC0415 - as above

        return library.sign(subject, files, self._config)

    def sign_record(self, payload: bytes) -> str:
        """Return the signature of a record."""
        return keys.sign_record(self._key, payload)


class CertificateVerifier:
    """Believes certificates of some authorities, if need be of one identity only."""

    def __init__(
        self,
        chain: Sequence[Path],
        *,
        identity: str | None = None,
        certificate: Path | None = None,
        now: Clock = _clock,
    ) -> None:
        """Read the certificates.

        Args:
            chain: those that are believed; a root must be among them.
            identity: the only subject, or alternative name, that may sign; None: any.
            certificate: whose signatures on records are believed.
            now: the time.

        Raises:
            UsageError: one cannot be read, or `chain` is empty.

        """
        _load_all(chain)
        self._chain = list(chain)
        self._identity = identity
        self._own = _load(certificate)[0] if certificate else None
        self._now = now

    def verify(self, bundle: bytes, *, subject: str, files: Files, where: str) -> Signed:
        """Check a bundle."""
        from deployer.signing import library  # noqa: PLC0415 - a second, when it is used

        parsed = read_bundle(bundle, where=where)
        scope = covers(parsed, subject=subject, files=files, where=where)
        signer = _leaf(parsed, where)
        # The library looks at the chain as of the day when the certificate was made.
        wrong = _unfit(signer, self._identity, self._now())
        if wrong:
            raise not_signed(f"the certificate {wrong}", where)
        config = library.verifying_config().use_certificate_verifier(certificate_chain=self._chain)
        library.check(parsed.encode(), config, subject=subject, files=files, where=where)
        return Signed(scope, _subject(signer))

    def verify_record(self, payload: bytes, sig: str, *, where: str) -> str:
        """Check the signature of a record."""
        if self._own is None:
            raise UsageError(
                "nothing says which certificate signs records",
                where=where,
                hint="name it: signing.certificate",
            )
        wrong = _unfit(self._own, self._identity, self._now())
        if wrong:
            raise not_signed(f"the certificate {wrong}", where, "renew the certificate")
        key = self._own.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)  # noqa: S101 - else it were unfit
        keys.verify_record([key], payload, sig, where=where)
        return _subject(self._own)


def _leaf(bundle: Bundle, where: str) -> x509.Certificate:
    """Return the certificate that the bundle says it was made with."""
    chain = bundle.verification_material.x509_certificate_chain
    if chain is None or not chain.certificates:
        raise not_signed("it was made without a certificate chain", where, "see: signing.mode")
    der = decode_base64(chain.certificates[0].raw_bytes, "certificate", where)
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError as error:
        raise not_signed(f"its certificate cannot be read: {error}", where) from error


def _unfit(certificate: x509.Certificate, identity: str | None, now: datetime) -> str | None:
    """Return why a signature of this certificate is worth nothing, or None."""
    try:
        return _objection(certificate, identity, now)
    except Exception as error:  # noqa: BLE001 - anything can come out: fields are parsed on use
        return f"cannot be read: {error}"


def _objection(certificate: x509.Certificate, identity: str | None, now: datetime) -> str | None:
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now < begins:
        return f"is not valid before {begins:%Y-%m-%d %H:%M} UTC"
    if now > ends:
        return f"expired at {ends:%Y-%m-%d %H:%M} UTC"
    if not keys.is_supported(certificate.public_key()):
        return "has no key on P-256, P-384 or P-521"
    if not _may_sign(certificate.extensions):
        return "is not for digital signatures"
    if identity is not None and identity not in _names(certificate):
        return f"is of {_subject(certificate)!r}, not of {identity!r}"
    return None


def _may_sign(extensions: x509.Extensions) -> bool:
    """Return what the library asks for when it verifies."""
    with contextlib.suppress(x509.ExtensionNotFound):
        if extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature:
            return True
    with contextlib.suppress(x509.ExtensionNotFound):
        extended = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        return ExtendedKeyUsageOID.CODE_SIGNING in extended
    return False


def _names(certificate: x509.Certificate) -> set[str]:
    """Return the names that the authority vouches for."""
    names = {_subject(certificate)}
    names |= {
        str(each.value) for each in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    }
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return names
    kinds = (x509.RFC822Name, x509.DNSName, x509.UniformResourceIdentifier)
    for kind in kinds:
        names |= set(found.value.get_values_for_type(kind))
    return names


def _subject(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()


def _load_all(paths: Sequence[Path]) -> None:
    if not paths:
        # Else the library would believe every certificate of the web.
        raise UsageError(
            "no authority is named whose certificates count",
            hint="name its certificates, the root among them: signing.chain",
        )
    for path in paths:
        _load(path)


def _load(path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(keys.read(path))
    except ValueError as error:
        raise UsageError(
            "not a certificate in PEM form", where=str(path), hint="convert it: openssl x509"
        ) from error
