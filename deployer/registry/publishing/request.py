"""What a publish is asked for, what came of it, and who wants to know how far it is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from deployer.errors import DeployerError
from deployer.registry.cloud import Cloud
from deployer.registry.publishing.blobs import Sent
from deployer.signing.model import Signer, Verifier
from providers.errors import StoreError

__all__ = ["Facts", "Published", "Reporter", "Request"]

KeepOut = Callable[[Cloud, Sequence[str]], str]


def _anywhere(cloud: Cloud, residency: Sequence[str]) -> str:
    """Forbid nothing."""
    return ""


class Reporter(Protocol):
    """Who wants to know how far a publish is. Called from several threads."""

    def begin(self, cloud: str, total: int) -> None:
        """Note that a cloud starts; `total` bytes have to be in place there."""

    def advance(self, cloud: str, count: int) -> None:
        """Note that some more bytes are in place."""

    def finish(self, cloud: str, error: str | None) -> None:
        """Note that a cloud has everything, or why it failed."""


@dataclass(frozen=True)
class Facts:
    """What a manifest says of a model beside its files; see :class:`Manifest`.

    Attributes:
        residency: regions that it may be kept in; None: those of the version before it.

    """

    schema: dict[str, Any] | None = None
    metrics: dict[str, Any] | None = None
    frameworks: dict[str, str] = field(default_factory=dict)
    data: str | None = None
    commit: str | None = None
    residency: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Request:
    """What to publish, and where.

    Attributes:
        root: the model's folder.
        aliases: to be pointed at the version, beside ``latest``.
        clouds: the targets.
        home: name of the cloud that a new registry is founded on; default is the first.
        require: how many clouds must have everything before the commit.
        state: folder for journals and probes.
        signer: signs the version and the moves of its aliases; None: they are not signed.
        verifier: tells whether the latest version is signed by somebody who counts.
        bundle: a signature of these files that was made elsewhere, instead of `signer`'s.
        keep_out: returns why a cloud must not have a version bound to some regions, or "".
        note: why, for the history.

    """

    model: str
    root: Path
    facts: Facts
    aliases: tuple[str, ...]
    clouds: Sequence[Cloud]
    home: str | None
    require: int
    state: Path
    signer: Signer | None = None
    verifier: Verifier | None = None
    bundle: bytes | None = None
    keep_out: KeepOut = _anywhere
    note: str | None = None

    @property
    def signs(self) -> bool:
        """Whether the version shall be signed."""
        return self.signer is not None or self.bundle is not None


@dataclass(frozen=True)
class Published:
    """What came of it.

    Attributes:
        created: False if this content was the latest version already.
        sent: cloud name → what was uploaded there.
        behind: cloud name → why it does not have the version, or not its aliases.
        signed: whether the version carries a signature.

    """

    model: str
    version: int
    manifest: str
    created: bool
    home: str
    files: int
    size: int
    aliases: tuple[str, ...]
    sent: Mapping[str, Sent]
    behind: Mapping[str, DeployerError | StoreError]
    signed: bool = False
