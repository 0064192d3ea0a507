"""One version, N clouds: the publish protocol.

Everything that a version refers to is in place on a cloud before the version is; creating
``versions/N`` at the home store is the commit. Each step can be repeated, and the journal makes
a repetition find what was done. The steps are numbered as in docs/format.md.
"""

import hashlib
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from deployer.errors import DeployerError, FailedError, from_store_error
from deployer.registry.aliasing.aliases import Move, follow, move, read_alias
from deployer.registry.cloud import Cloud, create_same, everywhere, read_bytes, write_document
from deployer.registry.deleting.deletions import find_deletion
from deployer.registry.format import layout
from deployer.registry.format.names import LATEST
from deployer.registry.format.paths import scan
from deployer.registry.format.records import (
    FORMAT,
    AliasRecord,
    Manifest,
    Txn,
    VersionRecord,
    decode,
    digest,
    encode,
)
from deployer.registry.homes.home import Registry, join, still_home
from deployer.registry.publishing.blobs import Content, Sent, hash_files, send
from deployer.registry.publishing.drafting import (
    content_digest,
    draft,
    is_published,
    require_residency,
    sign,
    with_bundle,
)
from deployer.registry.publishing.journal import PublishJournal, Unfinished
from deployer.registry.publishing.request import Facts, Published, Reporter, Request
from deployer.registry.publishing.sweeps import announce
from deployer.registry.reading.resolve import read_manifest, read_version
from deployer.registry.who import author, now, stamp
from providers.errors import AlreadyExistsError, NotFoundError, StoreError

__all__ = ["Facts", "Published", "Reporter", "Request", "publish"]

TXN_LIFE = timedelta(days=7)
RESUMES = "running the same command again resumes"


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
    manifest = draft(request.facts, content, parent)
    require_residency(request, manifest)
    run = _Publish(request, reporter, registry, content, parent)
    if latest and parent and is_published(request, registry.home, parent, manifest):
        return run.complete(parent, latest[0])
    return run.run(manifest, latest[0].version if latest else 0)


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

    def run(self, manifest: Manifest, last: int) -> Published:
        """Publish `manifest` as the next version after `last`."""
        journal, state = self._begin(manifest, last)
        body = state.manifest.encode()
        self._add_bundle(decode(body, Manifest, where="the journal"), journal)
        staged, failed = self._stage(body, state.txn)
        self._require_enough(staged, failed)
        record, created = self._commit(journal, state, digest(body), last)
        published = self._spread(record, body, staged, failed, created=created)
        self._close(state.txn)
        journal.clear()
        return published

    def complete(self, manifest: Manifest, latest: AliasRecord) -> Published:
        """Bring `manifest`, the version that `latest` names, to every cloud."""
        journal, state = self._begin(manifest, 0)
        self.resuming = True
        body, _ = read_bytes(self.registry.home, layout.manifest(latest.manifest))
        self._add_bundle(manifest, journal)
        staged, failed = self._stage(body, state.txn)
        self._require_enough(staged, failed)
        record = read_version(self.registry.home, latest.model, latest.version)
        published = self._spread(record, body, staged, failed, created=False)
        self._close(state.txn)
        journal.clear()
        return published

    def _add_bundle(self, manifest: Manifest, journal: PublishJournal) -> None:
        self.content = with_bundle(self.content, manifest, journal.bundle, self.registry.home)

    def _begin(self, manifest: Manifest, last: int) -> tuple[PublishJournal, Unfinished]:
        """Return the journal and what it remembers: an earlier run to be finished, or this one."""
        journal = self._journal(manifest)
        state = journal.load()
        if state is not None and 0 < state.attempt <= last and self._came_through(state):
            # Others have published since: this is a new publish.
            self._close(state.txn)
            state = None
        self.resuming = state is not None
        if state is None:
            signed = sign(self.request, manifest, journal.bundle)
            state = Unfinished(txn=str(uuid.uuid4()), manifest=encode(signed).decode())
            journal.save(state)
        return journal, state

    def _came_through(self, state: Unfinished) -> bool:
        try:
            record = read_version(self.registry.home, self.request.model, state.attempt)
        except NotFoundError:
            return True  # and was deleted since: numbers up to the latest have all been given
        return record.txn == state.txn

    def _journal(self, manifest: Manifest) -> PublishJournal:
        signs = "signed" if self.request.signs else ""
        what = "\0".join((self.registry.id, self.request.model, content_digest(manifest), signs))
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
                announce(cloud, txn, intent)
                sent = send(
                    cloud,
                    self.content,
                    probably_there=self.content.sources if self.resuming else self.known,
                    read_back=not self.registry.checks_uploads[cloud.name],
                    progress=lambda count: self.reporter.advance(cloud.name, count),
                )
                create_same(cloud, layout.manifest(digest(body)), body)
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
        hint = seen.hint
        if RESUMES not in hint:
            hint = f"{hint}; {RESUMES}".removeprefix("; ")
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
        """Do steps 7 to 9: the aliases at home, the version where its parts are, their copies."""
        aliases = tuple(dict.fromkeys((LATEST, *self.request.aliases)))
        latest = self._move(LATEST, record)
        if latest.version > record.version:
            self._require_not_deleted(record)
        moved = [latest, *(self._move(alias, record) for alias in aliases[1:])]
        still_home(self.registry)
        behind: dict[str, DeployerError | StoreError] = dict(failed)
        ready = [cloud for cloud in self.registry.followers if cloud.name in staged]
        key, body = layout.version(record.model, record.version), encode(record)
        _, late = everywhere(ready, lambda cloud: create_same(cloud, key, body))
        behind |= late
        ready = [cloud for cloud in ready if cloud.name not in late]
        for alias in moved:
            # An alias that a newer publish has moved on is that one's to copy.
            if alias.version == record.version:
                behind |= follow(self.registry.home, ready, alias)
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
            signed=files.signature is not None,
        )

    def _require_not_deleted(self, record: VersionRecord) -> None:
        """Give a number back that was given to somebody else and deleted, while this one waited."""
        home, model, number = self.registry.home, record.model, record.version
        deletion = find_deletion(home, model, number)
        if deletion is None or deletion[0].claim:
            return
        home.store.delete(layout.version(model, number))
        raise FailedError(
            f"{model}:{number} was published and deleted by others meanwhile",
            where=home.where(layout.deleted(model, number)),
            hint="run the same command again: it takes the next number",
        )

    def _move(self, alias: str, record: VersionRecord) -> AliasRecord:
        wanted = Move(
            model=record.model,
            alias=alias,
            version=record.version,
            manifest=record.manifest,
            epoch=self.registry.epoch,
            txn=record.txn,
            note=self.request.note,
            sign=self.request.signer.sign_record if self.request.signer else None,
        )
        return move(self.registry.home, wanted, allowed=_forward(alias, record.version))

    def _close(self, txn: str) -> None:
        """Do step 10: remove the intent; one that cannot be removed expires."""
        everywhere(self.registry.clouds, lambda cloud: cloud.store.delete(layout.txn(txn)))


def _forward(alias: str, version: int) -> Any:
    """``latest`` never goes back, any other alias goes where its user says."""
    if alias != LATEST:
        return lambda current: current.removed or current.version != version
    return lambda current: current.version < version
