"""Signing with an identity instead of a key: sigstore."""

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from deployer.errors import CloudError, CredentialsError, DeployerError, FailedError, UsageError
from deployer.signing import keys
from deployer.signing.bundle import covers, not_signed, read_bundle
from deployer.signing.model import Files, Signed

if TYPE_CHECKING:
    from model_signing import verifying

__all__ = ["TOKEN", "KeylessSigner", "KeylessVerifier"]

TOKEN = "SIGSTORE_ID_TOKEN"  # noqa: S105 - the name of the variable
_NO_TOKEN = f"set {TOKEN}, or run where the platform gives one (such as GitHub Actions)"


class KeylessSigner:
    """Signs as whoever runs this: sigstore checks the identity and logs the signature."""

    def __init__(self, *, trust_config: Path | None = None, staging: bool = False) -> None:
        self._trust_config = trust_config
        self._staging = staging

    def sign(self, subject: str, files: Files) -> bytes:
        """Return a bundle."""
        from deployer.signing import library  # noqa: PLC0415 - a second, when it is used

        try:
            # Asked first: without a token the library would open a browser and wait.
            token = _token()
            _check(self._trust_config)
            config = library.signing_config().use_sigstore_signer(
                identity_token=token, use_staging=self._staging, trust_config=self._trust_config
            )
            return library.sign(subject, files, config)
        except Exception as error:
            raise _seen(error) from error

    def sign_record(self, payload: bytes) -> None:
        """Return None: a record must be signed in milliseconds, without asking three services."""


class KeylessVerifier:
    """Believes one identity that one issuer vouches for."""

    def __init__(
        self,
        identity: str,
        issuer: str,
        *,
        trust_config: Path | None = None,
        staging: bool = False,
    ) -> None:
        self._identity = identity
        self._issuer = issuer
        self._trust_config = trust_config
        self._staging = staging

    @cached_property
    def _config(self) -> "verifying.Config":
        from deployer.signing import library  # noqa: PLC0415 - a second, when it is used

        try:
            _check(self._trust_config)
            return library.verifying_config().use_sigstore_verifier(
                identity=self._identity,
                oidc_issuer=self._issuer,
                use_staging=self._staging,
                trust_config=self._trust_config,
            )
        except Exception as error:
            raise _seen(error) from error

    def verify(self, bundle: bytes, *, subject: str, files: Files, where: str) -> Signed:
        """Check a bundle."""
        from deployer.signing import library  # noqa: PLC0415 - as above

        parsed = read_bundle(bundle, where=where)
        scope = covers(parsed, subject=subject, files=files, where=where)
        library.check(parsed.encode(), self._config, subject=subject, files=files, where=where)
        return Signed(scope, self._identity)

    def verify_record(self, payload: bytes, sig: str, *, where: str) -> str:
        """Refuse: nobody signs a record this way."""
        why = "records cannot be signed in keyless mode"
        raise not_signed(why, where, "see: signing.mode and signing.require_signed_aliases")


def _token() -> str:
    from sigstore.oidc import IdentityToken, detect_credential  # noqa: PLC0415 - as above

    token = os.environ.get(TOKEN) or detect_credential()
    if not token:
        raise CredentialsError("there is no identity to sign with", hint=_NO_TOKEN)
    IdentityToken(token)
    return token


def _check(trust_config: Path | None) -> None:
    """Raise UsageError for a file that names no sigstore."""
    from sigstore.models import ClientTrustConfig  # noqa: PLC0415 - as above

    if trust_config is None:
        return
    try:
        ClientTrustConfig.from_json(keys.read(trust_config).decode())
    except ValueError as error:
        raise UsageError(
            "not a sigstore trust configuration",
            where=str(trust_config),
            hint="see: signing.trust_config",
        ) from error


def _seen(error: Exception) -> DeployerError:
    """Return the user's view of what sigstore raised."""
    from sigstore import errors, oidc  # noqa: PLC0415 - as above

    if isinstance(error, DeployerError):
        return error
    what = " ".join(str(error).split())[:200] or type(error).__name__
    if isinstance(error, oidc.IdentityError | oidc.ExpiredIdentity):
        return CredentialsError(
            f"the identity is refused: {what}", where="sigstore", hint=_NO_TOKEN
        )
    # The errors of requests are OSErrors.
    if isinstance(error, OSError | errors.NetworkError | errors.TUFError | oidc.IssuerError):
        return CloudError(
            f"sigstore is not available: {what}",
            where="sigstore",
            hint="check the network, or name another sigstore: signing.trust_config",
        )
    return FailedError(f"sigstore failed: {what}", where="sigstore", hint="run it again")
