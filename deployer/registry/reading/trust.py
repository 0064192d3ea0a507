"""What a reader demands before it believes a cloud: nothing older, nothing unsigned, nothing misplaced."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from deployer.errors import DamagedError, PolicyError, UsageError
from deployer.registry.cloud import Cloud
from deployer.registry.format import layout
from deployer.registry.format.records import (
    AliasRecord,
    Manifest,
    digest,
    encode,
    subject_of,
    to_be_signed,
)
from deployer.registry.reading.memory import Known, Memory, order_of
from deployer.registry.who import now, stamp
from providers.errors import BucketNotFoundError, NotFoundError

if TYPE_CHECKING:
    from deployer.signing.model import Signed, Verifier

__all__ = [
    "MisplacedError",
    "Trust",
    "check_alias",
    "check_manifest",
    "read_bundle",
    "remember",
]

MAX_BUNDLE = 32 * 1024 * 1024  # twice what 10,000 files with the longest paths need


class MisplacedError(PolicyError):
    """The version is bound to regions that this cloud is not in; another cloud may be."""


def _anywhere(_regions: Sequence[str]) -> str:
    return ""


def _any_cloud(_cloud: Cloud, _regions: Sequence[str]) -> str:
    return ""


@dataclass(frozen=True)
class Trust:
    """What a reader demands.

    Attributes:
        memory: what was believed before; None remembers nothing.
        allow_stale: believe an alias record that is older than what was seen, or has expired;
            never one that contradicts what was seen.
        verifier: checks signatures; without one they are not looked at.
        require_signature: refuse a version without a good signature.
        require_signed_aliases: refuse an alias without a good signature.
        place: returns why a version that is bound to these regions must not come to this
            machine; empty if it may.
        cloud_place: the same of a cloud that serves it.
        clock: the time, in UTC.

    """

    memory: Memory | None = None
    allow_stale: bool = False
    verifier: "Verifier | None" = None
    require_signature: bool = False
    require_signed_aliases: bool = False
    place: Callable[[Sequence[str]], str] = _anywhere
    cloud_place: Callable[[Cloud, Sequence[str]], str] = _any_cloud
    clock: Callable[[], datetime] = now

    def __post_init__(self) -> None:
        if self.verifier is None and (self.require_signature or self.require_signed_aliases):
            raise UsageError(
                "signatures are required, but it is not said whose",
                hint="set [signing] mode and public_keys, or identity",
            )


def check_alias(cloud: Cloud, record: AliasRecord, trust: Trust) -> tuple[str, ...]:
    """Return what is doubtful about an alias record that may be believed all the same.

    Raises:
        DamagedError: it is not signed as it should be, is older than what was seen before,
            contradicts it, or has expired.

    """
    where = cloud.where(layout.alias(record.model, record.alias))
    _check_record_signature(record, trust, where)
    doubts = []
    stale = _rollback(cloud, record, trust, where)
    if stale is not None:
        doubts.append(stale)
    if record.expires is not None and record.expires < stamp(trust.clock()):
        doubts.append(
            DamagedError(
                f"{record.model}@{record.alias} expired at {record.expires}",
                where=where,
                hint="somebody may hold a newer one back: use another cloud, or --allow-stale",
            )
        )
    if doubts and not trust.allow_stale:
        raise doubts[0]
    return tuple(str(doubt) for doubt in doubts)


def _check_record_signature(record: AliasRecord, trust: Trust, where: str) -> None:
    if trust.verifier is None:
        return
    if record.sig is not None:
        trust.verifier.verify_record(to_be_signed(record), record.sig, where=where)
    elif trust.require_signed_aliases:
        raise DamagedError(
            f"move {record.seq} of {record.model}@{record.alias} is not signed",
            where=where,
            hint=f"sign it: deployer alias set {record.model} {record.alias} VERSION on a machine "
            "with the private key; or name the version itself",
        )


def _rollback(cloud: Cloud, record: AliasRecord, trust: Trust, where: str) -> DamagedError | None:
    """Return why `record` is older than what was seen, if it is.

    Raises:
        DamagedError: it is another one under the number of one that was seen.

    """
    known = trust.memory.known(record.model, record.alias) if trust.memory else []
    name = f"{record.model}@{record.alias}"
    sha256 = digest(encode(record))
    others = [
        seen for seen in known if seen.mark.order == order_of(record) and seen.mark.digest != sha256
    ]
    if others:
        raise DamagedError(
            f"{cloud.name} serves another move {record.seq} of {name} than the one that was seen "
            f"on {others[0].mark.seen}",
            where=where,
            hint=f"one of the two is forged: compare the clouds. {_founded_anew(others)}",
        )
    newer = [seen for seen in known if seen.mark.order > order_of(record)]
    if not newer:
        return None
    newest = max(newer, key=lambda seen: seen.mark.order).mark
    of_epoch = "" if newest.epoch == record.epoch else f" of epoch {newest.epoch}"
    return DamagedError(
        f"{cloud.name} serves move {record.seq} of {name}, move {newest.seq}{of_epoch} was seen "
        f"on {newest.seen}",
        where=where,
        hint="use another cloud; this one may just be behind: deployer repair; or --allow-stale. "
        f"{_founded_anew(newer)}",
    )


def _founded_anew(known: Sequence[Known]) -> str:
    files = ", ".join(sorted(str(seen.path) for seen in known))
    return f"If the registry was founded anew in the same place, remove {files}"


def check_manifest(
    cloud: Cloud, name: str, sha256: str, manifest: Manifest, trust: Trust
) -> "Signed | None":
    """Return what the manifest's signature proves; None if there is none or nobody checks it.

    Raises:
        DamagedError: the signature is missing though required, or wrong.
        MisplacedError: `cloud` must not serve this version.
        PolicyError: this machine must not have this version.

    """
    where = cloud.where(layout.manifest(sha256))
    signed = _check_signature(cloud, name, manifest, trust, where)
    # Only now: whoever can forge a manifest must not choose what is logged as a refusal.
    misplaced = trust.cloud_place(cloud, manifest.residency)
    if misplaced:
        raise MisplacedError(misplaced, where=where, hint="use another cloud", digest=sha256)
    forbidden = trust.place(manifest.residency)
    if forbidden:
        raise PolicyError(
            forbidden,
            where=where,
            hint="use a machine in one of these regions; see: region",
            digest=sha256,
        )
    return signed


def _check_signature(
    cloud: Cloud, name: str, manifest: Manifest, trust: Trust, where: str
) -> "Signed | None":
    if trust.verifier is None:
        return None
    if manifest.signature is None:
        if trust.require_signature:
            raise DamagedError(
                f"this version of {name} is not signed, and require_signature is set",
                where=where,
                hint="sign it where it comes from: set [signing] private_key and push it again",
            )
        return None
    return trust.verifier.verify(
        read_bundle(cloud, manifest.signature),
        subject=subject_of(name, manifest),
        files=[(file.path, file.sha256) for file in manifest.files],
        where=cloud.where(layout.blob(manifest.signature)),
    )


def read_bundle(cloud: Cloud, sha256: str) -> bytes:
    """Return the signature bundle with this digest.

    Raises:
        DamagedError: it is not there, too long, or has another digest.

    """
    key = layout.blob(sha256)
    where = cloud.where(key)
    hint = "use another cloud, or push the version again"
    try:
        with cloud.store.open(key, sha256=sha256) as read:
            if read.meta.size > MAX_BUNDLE:
                raise DamagedError(
                    f"{read.meta.size} bytes are too long for a signature", where=where, hint=hint
                )
            return b"".join(read.chunks)
    except BucketNotFoundError:
        raise
    except NotFoundError as error:
        raise DamagedError("the signature is missing", where=where, hint=hint) from error


def remember(cloud: Cloud, record: AliasRecord, trust: Trust) -> tuple[str, ...]:
    """Remember that `record` was believed; return what its user must know of that."""
    if trust.memory is None:
        return ()
    problem = trust.memory.remember(cloud.name, record, seen=stamp(trust.clock()))
    if not problem:
        return ()
    return (f"{problem}; a later command may be shown an older {record.model}@{record.alias}",)
