"""What the registry asks of a signer and of a verifier, whatever stands behind them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

__all__ = ["Files", "Signed", "Signer", "Verifier"]

Files = Sequence[tuple[str, str]]
"""Path and hex SHA-256 of every file of a version."""


@dataclass(frozen=True)
class Signed:
    """What a signature proves.

    Attributes:
        covers: ``manifest``: the model's name, all that its manifest says, and the files;
            ``files``: the files only, signed by somebody who did not know the manifest.
        signer: fingerprint of the key, subject of the certificate, or identity.

    """

    covers: Literal["manifest", "files"]
    signer: str


class Signer(Protocol):
    """Signs versions, and records if it can."""

    def sign(self, subject: str, files: Files) -> bytes:
        """Return a bundle: the signature of these files under the name `subject`.

        Raises:
            CredentialsError: there is no identity to sign with.
            CloudError: a service that signing needs is unavailable.

        """

    def sign_record(self, payload: bytes) -> str | None:
        """Return the signature of a record as text; None if this signer cannot sign records."""


class Verifier(Protocol):
    """Says who signed, or refuses."""

    def verify(self, bundle: bytes, *, subject: str, files: Files, where: str) -> Signed:
        """Check that `bundle` signs exactly these files.

        Raises:
            DamagedError: it does not, or nobody who is trusted made it.
            CloudError: the root of trust cannot be fetched.

        """

    def verify_record(self, payload: bytes, sig: str, *, where: str) -> str:
        """Check the signature of a record and return the signer.

        Raises:
            DamagedError: it is not a signature of `payload` by somebody who is trusted.

        """
