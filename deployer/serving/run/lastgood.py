"""What this machine served last, so that it can start while every store is away."""

import hashlib
from pathlib import Path

import msgspec

from deployer import typed
from deployer.errors import DamagedError, PolicyError
from deployer.registry.format.records import Manifest
from deployer.registry.reading.trust import Trust
from deployer.serving.run.state import Placed, replace_file

__all__ = ["Kept", "LastGood"]


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A version that all workers answered with.

    Attributes:
        reference: that it was asked for as.
        model: its name.
        version: its number as text; "" when it was named by digest.
        digest: hex SHA-256 of its manifest.
        source: the cloud that it came from.
        signed: whether its signature was checked.
        rules: stands for the settings under which it was believed.

    """

    format: int
    reference: str
    model: str
    version: str
    digest: str
    source: str
    signed: bool
    rules: str


class LastGood:
    """The last good version of each reference of one set of clouds.

    Args:
        folder: of the files.
        clouds: addresses of the clouds: another registry has other versions.
        rules: stands for the settings about signatures.

    """

    def __init__(self, folder: Path, clouds: str, rules: str) -> None:
        self._folder = folder
        self._clouds = clouds
        self._rules = rules

    def read(self, reference: str) -> Kept | None:
        """Return what is known of a reference; None if nothing is, or it cannot be read."""
        try:
            kept = typed.decode(self._path(reference).read_bytes(), Kept)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None
        return kept if (kept.format, kept.reference) == (1, reference) else None

    def write(self, reference: str, placed: Placed, *, signed: bool) -> str:
        """Remember a version; return why that was not possible, or ""."""
        kept = Kept(
            format=1,
            reference=reference,
            model=placed.name,
            version=placed.version,
            digest=placed.digest,
            source=placed.source,
            signed=signed,
            rules=self._rules,
        )
        if self.read(reference) == kept:
            return ""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            replace_file(self._path(reference), msgspec.json.encode(kept))
        except OSError as error:
            return f"{error.filename}: {error.strerror}"
        return ""

    def check(self, kept: Kept, manifest: Manifest, trust: Trust) -> None:
        """Check that the version would still be allowed.

        Raises:
            PolicyError: it must not be on this machine.
            DamagedError: other signatures are demanded than were checked.

        """
        if trust.verifier is not None and (
            kept.rules != self._rules or (trust.require_signature and not kept.signed)
        ):
            raise DamagedError(f"the signature of {kept.reference} was not checked as it is now")
        forbidden = trust.place(manifest.residency)
        if forbidden:
            raise PolicyError(forbidden)

    def digests(self, model: str) -> frozenset[str]:
        """Return the digests that any server of this user was last good with."""
        found = set()
        for path in self._folder.glob("*.json"):
            try:
                kept = typed.decode(path.read_bytes(), Kept)
            except (OSError, msgspec.DecodeError, UnicodeDecodeError):
                continue
            if kept.model == model:
                found.add(kept.digest)
        return frozenset(found)

    def _path(self, reference: str) -> Path:
        mark = hashlib.sha256(f"{self._clouds}\0{reference}".encode()).hexdigest()[:16]
        return self._folder / f"{reference.partition('@')[0].partition(':')[0]}-{mark}.json"
