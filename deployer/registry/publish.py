"""One version, N clouds: the publish protocol.

Everything that a version refers to is in place on a cloud before the version is; creating
``versions/N`` at the home store is the commit. Each step can be repeated, and the journal makes
a repetition find what was done. The steps are numbered as in docs/format.md.
"""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import msgspec

from deployer.errors import DamagedError, DeployerError, FailedError, from_store_error
from deployer.registry import layout
from deployer.registry.aliases import Move, follow, move, read_alias
from deployer.registry.blobs import Content, Sent, hash_files, send
from deployer.registry.cloud import Cloud, everywhere, read_bytes, write_document
from deployer.registry.home import Registry, join
from deployer.registry.journal import PublishJournal, Unfinished
from deployer.registry.names import LATEST
from deployer.registry.records import (
    FORMAT,
    AliasRecord,
    Lineage,
    Manifest,
    Txn,
    VersionRecord,
    decode,
    digest,
    encode,
)
from deployer.registry.resolve import read_manifest, read_version
from deployer.registry.tree import scan
from deployer.registry.who import author, now, stamp
from providers.errors import AlreadyExistsError, StoreError

__all__ = ["Facts", "Published", "Reporter", "Request", "publish"]

TXN_LIFE = timedelta(days=7)


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
    """What a manifest says of a model beside its files; see :class:`Manifest`."""

    schema: dict[str, Any] | None = None
    metrics: dict[str, Any] | None = None
    frameworks: dict[str, str] = field(default_factory=dict)
    data: str | None = None
    commit: str | None = None
    residency: tuple[str, ...] = ()


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

    """

    model: str
    root: Path
    facts: Facts
    aliases: tuple[str, ...]
    clouds: Sequence[Cloud]
    home: str | None
    require: int
    state: Path


@dataclass(frozen=True)
class Published:
    """What came of it.

    Attributes:
        created: False if this content was the latest version already.
        sent: cloud name → what was uploaded there.
        behind: cloud name → why it does not have the version, or not its aliases.

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


def publish(request: Request, reporter: Reporter) -> Published:
    """Publish a folder as the next version of a model; run it again to finish it.

    Raises:
        StoreError, DeployerError: nothing was committed; what was uploaded is not sent again.

    """
    found = scan(request.root)  # before anything is asked of a cloud
    with ThreadPoolExecutor(1, thread_name_prefix="hash") as pool:
        hashing = pool.submit(hash_files, found)
        registry = join(request.clouds, home=request.home, probes=request.state / "probes")
        content = hashing.result()
    latest = read_alias(registry.home, request.model, LATEST)
    parent = read_manifest(registry.home, latest[0].manifest) if latest else None
    manifest = _manifest(request.facts, content, latest[0].manifest if latest else None)
    if latest and parent and _same_content(parent, manifest):
        return _Publish(request, reporter, registry, content, parent).complete(manifest, latest[0])
    return _Publish(request, reporter, registry, content, parent).run(manifest, latest)


def _manifest(facts: Facts, content: Content, parent: str | None) -> Manifest:
    return Manifest(
        format=FORMAT,
        files=content.files,
        schema=facts.schema,
        metrics=facts.metrics,
        lineage=Lineage(parent=parent, data=facts.data, commit=facts.commit),
        frameworks=facts.frameworks,
        residency=facts.residency,
        signature=None,
    )


def _content_digest(manifest: Manifest) -> str:
    """Return a digest of what is published, whenever and from whichever commit that is done."""
    lineage = msgspec.structs.replace(manifest.lineage, parent=None, commit=None)
    return digest(encode(msgspec.structs.replace(manifest, lineage=lineage, signature=None)))


def _same_content(one: Manifest, other: Manifest) -> bool:
    return _content_digest(one) == _content_digest(other)


class _Publish:
    """One run of the protocol."""

    def __init__(
        self,
        request: Request,
        reporter: Reporter,
        registry: Registry,
        content: Content,
        parent: Manifest | None,
    ) -> None:
        self.request = request
        self.reporter = reporter
        self.registry = registry
        self.content = content
        self.known = frozenset(file.sha256 for file in parent.files) if parent else frozenset()
        self.resuming = False

    def run(
        self, manifest: Manifest, latest: tuple[AliasRecord, bytes, object] | None
    ) -> Published:
        """Publish `manifest` as the next version after `latest`."""
        last = latest[0].version if latest else 0
        journal, state = self._begin(manifest, last)
        body = state.manifest.encode()
        staged, failed = self._stage(body, state.txn)
        self._require_enough(staged, failed)
        record, created = self._commit(journal, state, digest(body), last)
        published = self._spread(record, body, staged, failed, created=created)
        self._close(state.txn)
        journal.clear()
        return published

    def complete(self, manifest: Manifest, latest: AliasRecord) -> Published:
        """Bring the version that `latest` names, of the same content, to every cloud."""
        journal, state = self._begin(manifest, 0)
        self.resuming = True
        body, _ = read_bytes(self.registry.home, layout.manifest(latest.manifest))
        staged, failed = self._stage(body, state.txn)
        self._require_enough(staged, failed)
        record = read_version(self.registry.home, latest.model, latest.version)
        published = self._spread(record, body, staged, failed, created=False)
        self._close(state.txn)
        journal.clear()
        return published

    def _begin(self, manifest: Manifest, last: int) -> tuple[PublishJournal, Unfinished]:
        """Return the journal and what it remembers: an earlier run to be finished, or this one."""
        journal = self._journal(manifest)
        state = journal.load()
        if state is not None and 0 < state.attempt <= last:
            record = read_version(self.registry.home, self.request.model, state.attempt)
            if record.txn == state.txn:
                # It came through, and others have published since: this is a new publish.
                self._close(state.txn)
                state = None
        self.resuming = state is not None
        if state is None:
            state = Unfinished(txn=str(uuid.uuid4()), manifest=encode(manifest).decode())
            journal.save(state)
        return journal, state

    def _journal(self, manifest: Manifest) -> PublishJournal:
        what = "\0".join((self.registry.id, self.request.model, _content_digest(manifest)))
        name = hashlib.sha256(what.encode()).hexdigest()
        return PublishJournal(self.request.state / "publish", name)

    def _stage(
        self, body: bytes, txn: str
    ) -> tuple[dict[str, Sent], dict[str, StoreError | DeployerError]]:
        """Do steps 2 to 5 on every cloud at once: intent, blobs, manifest."""
        total = sum(seen.size for _, seen in self.content.sources.values())
        intent = encode(self._intent(body, txn))

        def stage(cloud: Cloud) -> Sent:
            self.reporter.begin(cloud.name, total)
            try:
                _create(cloud, layout.txn(txn), intent, same=False)
                sent = send(
                    cloud,
                    self.content,
                    probably_there=self.content.sources if self.resuming else self.known,
                    read_back=not self.registry.checks_uploads[cloud.name],
                    progress=lambda count: self.reporter.advance(cloud.name, count),
                )
                _create(cloud, layout.manifest(digest(body)), body, same=True)
            except (StoreError, DeployerError) as error:
                self.reporter.finish(cloud.name, str(error))
                raise
            self.reporter.finish(cloud.name, None)
            return sent

        staged, failed = everywhere(self.registry.clouds, stage)
        return staged, {**self.registry.failed, **failed}

    def _intent(self, body: bytes, txn: str) -> Txn:
        return Txn(
            format=FORMAT,
            id=txn,
            model=self.request.model,
            manifest=digest(body),
            blobs=tuple(sorted(self.content.sources)),
            created=stamp(now()),
            expires=stamp(now(), TXN_LIFE),
            by=author(),
        )

    def _require_enough(
        self, staged: Mapping[str, Sent], failed: Mapping[str, StoreError | DeployerError]
    ) -> None:
        """Stop before the commit unless enough clouds, the home among them, have everything."""
        home = self.registry.home.name
        if home in staged and len(staged) >= self.request.require:
            return
        name, error = next(
            iter(sorted(failed.items(), key=lambda item: item[0] != home)), (home, None)
        )
        seen = from_store_error(error) if isinstance(error, StoreError) else error
        if seen is None:
            raise FailedError(f"{name} is not ready")
        message = f"nothing was published, because {name} failed: {seen.message}"
        hint = f"{seen.hint}; running the same command again resumes".removeprefix("; ")
        raise type(seen)(message, where=seen.where, hint=hint) from error

    def _commit(
        self, journal: PublishJournal, state: Unfinished, manifest: str, last: int
    ) -> tuple[VersionRecord, bool]:
        """Do step 6: create the next free ``versions/N`` at home; say whether that made it new."""
        home, model = self.registry.home, self.request.model
        number = max(state.attempt, last + 1)
        while True:
            state.attempt = number
            journal.save(state)
            record = VersionRecord(
                format=FORMAT,
                model=model,
                version=number,
                manifest=manifest,
                txn=state.txn,
                created=stamp(now()),
                by=author(),
            )
            try:
                write_document(home, layout.version(model, number), encode(record), mode="create")
            except AlreadyExistsError:
                there = read_version(home, model, number)
                if there.txn == state.txn:
                    return there, True
                if there.manifest == manifest:
                    return there, False  # another publisher of the same content was quicker
                number += 1
            else:
                return record, True

    def _spread(
        self,
        record: VersionRecord,
        manifest: bytes,
        staged: Mapping[str, Sent],
        failed: Mapping[str, StoreError | DeployerError],
        *,
        created: bool,
    ) -> Published:
        """Do steps 7 to 9: the version where its parts are, then the aliases."""
        behind: dict[str, DeployerError | StoreError] = dict(failed)
        ready = [cloud for cloud in self.registry.followers if cloud.name in staged]
        key, body = layout.version(record.model, record.version), encode(record)
        _, late = everywhere(ready, lambda cloud: _create(cloud, key, body, same=True))
        behind |= late
        ready = [cloud for cloud in ready if cloud.name not in late]
        aliases = tuple(dict.fromkeys((LATEST, *self.request.aliases)))
        for alias in aliases:
            wanted = Move(
                model=record.model,
                alias=alias,
                version=record.version,
                manifest=record.manifest,
                epoch=self.registry.epoch,
                txn=record.txn,
            )
            moved = move(self.registry.home, wanted, allowed=_forward(alias, record.version))
            # An alias that a newer publish has moved on is that one's to copy.
            if moved.version == record.version:
                behind |= follow(self.registry.home, ready, moved)
        files = decode(manifest, Manifest, where="manifest")
        return Published(
            model=record.model,
            version=record.version,
            manifest=record.manifest,
            created=created,
            home=self.registry.home.name,
            files=len(files.files),
            size=files.size,
            aliases=aliases,
            sent=staged,
            behind=behind,
        )

    def _close(self, txn: str) -> None:
        """Do step 10: remove the intent; one that cannot be removed expires."""
        everywhere(self.registry.clouds, lambda cloud: cloud.store.delete(layout.txn(txn)))


def _forward(alias: str, version: int) -> Any:
    """``latest`` never goes back, any other alias goes where its user says."""
    if alias != LATEST:
        return lambda current: current.version != version
    return lambda current: current.version < version


def _create(cloud: Cloud, key: str, body: bytes, *, same: bool) -> None:
    """Create a document; one that is there is fine, if it has the `same` bytes where that matters."""
    try:
        write_document(cloud, key, body, mode="create")
    except AlreadyExistsError:
        if same and read_bytes(cloud, key)[0] != body:
            raise DamagedError(
                "another document is there already",
                where=cloud.where(key),
                hint="the clouds diverged: nothing was overwritten; compare them with 'show'",
            ) from None
