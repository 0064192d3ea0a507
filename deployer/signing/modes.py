"""From settings to a signer and a verifier."""

import importlib.util
import os
from pathlib import Path

from deployer.config import PASSWORD, Signing
from deployer.errors import UsageError
from deployer.signing.model import Signer, Verifier

__all__ = ["check_installed", "make_signer", "make_verifier", "password"]


def make_signer(settings: Signing) -> Signer | None:
    """Return what signs, or None when nothing shall be signed.

    Raises:
        UsageError: a setting is missing, a key cannot be used, or the extra is not installed.

    """
    if settings.mode:
        check_installed()
    return _signer(settings)


def make_verifier(settings: Signing) -> Verifier | None:
    """Return what says who signed, or None when nobody is trusted.

    Raises:
        UsageError: as for :func:`make_signer`.

    """
    if settings.mode:
        check_installed()
    return _verifier(settings)


def password() -> bytes | None:
    """Return the password of the private key, which only the environment knows."""
    return os.environ.get(PASSWORD, "").encode() or None


def check_installed() -> None:
    """Raise UsageError when the extra is not installed."""
    for name in ("cryptography", "model_signing", "OpenSSL"):
        if importlib.util.find_spec(name) is None:
            raise UsageError(
                f"signatures need the package {name}", hint="pip install 'deployer[sign]'"
            )


def _signer(settings: Signing) -> Signer | None:
    if settings.mode == "keyless":
        from deployer.signing.keyless_mode import KeylessSigner  # noqa: PLC0415 - few need it

        return KeylessSigner(trust_config=_trust_config(settings), staging=settings.staging)
    if settings.mode is None or settings.private_key is None:
        return None
    private_key = Path(settings.private_key)
    if settings.mode == "key":
        from deployer.signing.key_mode import KeySigner  # noqa: PLC0415 - few need it

        return KeySigner(private_key, password())
    from deployer.signing.certificate_mode import CertificateSigner  # noqa: PLC0415 - few need it

    certificate = Path(_needed(settings.certificate, "certificate", settings))
    return CertificateSigner(private_key, certificate, [Path(each) for each in settings.chain])


def _verifier(settings: Signing) -> Verifier | None:
    if settings.mode == "keyless":
        from deployer.signing.keyless_mode import KeylessVerifier  # noqa: PLC0415 - few need it

        return KeylessVerifier(
            _needed(settings.identity, "identity", settings),
            _needed(settings.issuer, "issuer", settings),
            trust_config=_trust_config(settings),
            staging=settings.staging,
        )
    if settings.mode == "key" and settings.public_keys:
        from deployer.signing.key_mode import KeyVerifier  # noqa: PLC0415 - few need it

        return KeyVerifier([Path(each) for each in settings.public_keys])
    if settings.mode == "certificate" and settings.chain:
        from deployer.signing.certificate_mode import CertificateVerifier  # noqa: PLC0415 - as above

        return CertificateVerifier(
            [Path(each) for each in settings.chain],
            identity=settings.identity,
            certificate=Path(settings.certificate) if settings.certificate else None,
        )
    return None


def _needed(value: str | None, name: str, settings: Signing) -> str:
    if not value:
        raise UsageError(
            f"signing.{name} is not set", hint=f"mode {settings.mode!r} needs it in [signing]"
        )
    return value


def _trust_config(settings: Signing) -> Path | None:
    if settings.trust_config and settings.staging:
        raise UsageError(
            "signing.trust_config and signing.staging name two sigstores", hint="remove one"
        )
    return Path(settings.trust_config) if settings.trust_config else None
