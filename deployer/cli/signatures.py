"""From settings and flags to whoever signs and whoever checks; loads nothing where nobody does."""

from pathlib import Path

from deployer.config import Settings
from deployer.errors import UsageError
from deployer.signing.model import Signer, Verifier

__all__ = ["bundle_in", "signer_for", "verifier_for"]


def signer_for(settings: Settings, *, sign: bool | None = None) -> Signer | None:
    """Return who signs; None if nobody shall, or nobody is configured.

    Raises:
        UsageError: `sign` is True and nobody is configured.

    """
    if sign is not False and settings.signing.mode is not None:
        from deployer.signing import make_signer  # noqa: PLC0415 - 0.7 s that few commands need

        signer = make_signer(settings.signing)
        if signer is not None:
            return signer
    if sign:
        raise UsageError(
            "--sign needs a key",
            hint='write [signing] mode = "key" and private_key = "FILE" in deployer.toml',
        )
    return None


def verifier_for(settings: Settings) -> Verifier | None:
    """Return who checks signatures; None if nobody's are believed."""
    if settings.signing.mode is None:
        return None
    from deployer.signing import make_verifier  # noqa: PLC0415 - 0.7 s that few commands need

    return make_verifier(settings.signing)


def bundle_in(path: Path | None, settings: Settings) -> bytes | None:
    """Return the signature in a file, for whose check somebody must be configured.

    Raises:
        UsageError: nobody is.

    """
    if path is None:
        return None
    if verifier_for(settings) is None:
        raise UsageError(
            "a signature has to be checked before it is published",
            where=str(path),
            hint='write [signing] mode = "key" and public_keys = ["FILE"] in deployer.toml',
        )
    return path.read_bytes()
