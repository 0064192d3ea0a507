"""Looking at clouds: every object is listed, read and hashed once, in bounded memory.

What refers to others is read before what it refers to is listed. So a publish that goes on at the
same time cannot look like damage: whatever a record names was there before it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from deployer.errors import DamagedError, MissingError
from deployer.registry.cloud import Cloud, everywhere
from deployer.registry.format import layout
from deployer.registry.format.keys import KNOWN, Kind, Place, place_of
from deployer.registry.format.names import Reference
from deployer.registry.format.paths import check_paths
from deployer.registry.format.records import (
    AliasRecord,
    Deletion,
    Manifest,
    Marker,
    VersionRecord,
    decode,
)
from deployer.upkeep.catalog import Catalog, Held, Scan, Survey
from deployer.upkeep.reading import READERS, belongs, hashed, in_turn, look_at, recorded
from providers.model import ObjectMeta

__all__ = ["CheckSignature", "Watcher", "survey"]

CheckSignature = Callable[[Cloud, str, str, Manifest], str]
"""``(cloud, model, manifest digest, manifest)`` → what is wrong with the signature, or ""."""

_RECORDS: dict[Kind, type[VersionRecord | Deletion | AliasRecord]] = {
    Kind.VERSION: VersionRecord,
    Kind.DELETION: Deletion,
    Kind.ENTRY: AliasRecord,
    Kind.ALIAS: AliasRecord,
}


class Watcher(Protocol):
    """Who wants to know how far it is. Called from several threads."""

    def begin(self, cloud: str, total: int) -> None:
        """Note that `total` bytes are to be read there."""

    def advance(self, cloud: str, count: int) -> None:
        """Note that some more bytes were read."""

    def finish(self, cloud: str, error: str | None) -> None:
        """Note that all was read, or why it was not."""


def survey(
    clouds: Sequence[Cloud],
    *,
    references: Sequence[Reference],
    quick: bool,
    watcher: Watcher,
    check_signature: CheckSignature | None = None,
) -> Survey:
    """Look at `clouds`, all at once.

    Args:
        clouds: where to look.
        references: the versions to look at; none for everything there is.
        quick: compare sizes and recorded digests of contents instead of reading them.
        watcher: told of the bytes that are read.
        check_signature: says what is wrong with a version's signature.

    Raises:
        MissingError: no cloud knows one of `references`.

    """
    catalog = Catalog()
    scans, failed = everywhere(clouds, Scan)
    inspector = _Inspector(catalog, quick, watcher, check_signature)

    def step(act: Callable[[Scan], None]) -> None:
        left = [scan.cloud for scan in scans.values()]
        _, late = everywhere(left, lambda cloud: act(scans[cloud.name]))
        for name, error in late.items():
            if name in inspector.begun:
                watcher.finish(name, str(error))
            del scans[name]
            failed[name] = error

    step(inspector.read_marker)
    if references:
        step(lambda scan: inspector.read_aliases(scan, references))
        numbers = _numbers(scans.values(), references, catalog)
        step(lambda scan: inspector.read(scan, _record_keys(numbers)))
        digests = _digests(scans.values(), references, catalog)
        step(lambda scan: inspector.read(scan, map(layout.manifest, sorted(digests))))
        step(lambda scan: inspector.read_contents(scan, [name for name, _ in catalog.blobs]))
        if scans:
            _require_known(scans.values(), references, numbers)
    else:
        step(inspector.read_models)
        step(inspector.read_manifests)
        step(inspector.read_blobs)
        step(inspector.look_around)
    return Survey(not references, catalog, scans, failed)


def _numbers(
    scans: Iterable[Scan], references: Sequence[Reference], catalog: Catalog
) -> set[tuple[str, int]]:
    """Return the versions, as model and number, that references and the aliases found name."""
    found = {(each.name, each.version) for each in references if each.version is not None}
    aliases = {(each.name, each.alias) for each in references if each.alias is not None}
    for record in _good_records(scans, catalog):
        named = isinstance(record, AliasRecord) and (record.model, record.alias) in aliases
        if named and not record.removed:  # type: ignore[union-attr]
            found.add((record.model, record.version))
    return found


def _good_records(
    scans: Iterable[Scan], catalog: Catalog
) -> Iterator[VersionRecord | Deletion | AliasRecord]:
    for scan in scans:
        for key, held in list(scan.held.items()):
            place = place_of(key)
            # The history of an alias names versions that it pointed at long ago.
            if not held.problem and place and place.kind != Kind.ENTRY:
                record = catalog.records.get(held.digest)
                if record is not None:
                    yield record


def _record_keys(numbers: Iterable[tuple[str, int]]) -> Iterator[str]:
    for model, number in sorted(numbers):
        yield layout.version(model, number)
        yield layout.deleted(model, number)


def _digests(scans: Iterable[Scan], references: Sequence[Reference], catalog: Catalog) -> set[str]:
    found = {each.digest for each in references if each.digest is not None}
    for record in _good_records(scans, catalog):
        if isinstance(record, VersionRecord):
            found.add(record.manifest)
    return found


def _require_known(
    scans: Iterable[Scan], references: Sequence[Reference], numbers: set[tuple[str, int]]
) -> None:
    every = [scan.held for scan in scans]
    for each in references:
        if each.digest is not None:
            keys = [layout.manifest(each.digest)]
        elif each.version is not None:
            keys = list(_record_keys([(each.name, each.version)]))
        else:
            keys = [layout.alias(each.name, each.alias or "")]
            keys += _record_keys(pair for pair in numbers if pair[0] == each.name)
        if not any(key in held for held in every for key in keys):
            raise MissingError(f"no cloud has {each}", hint="see what there is: deployer list")


class _Inspector:
    """Reads objects of clouds into scans; each scan is written to by one thread."""

    def __init__(
        self,
        catalog: Catalog,
        quick: bool,
        watcher: Watcher,
        check_signature: CheckSignature | None,
    ) -> None:
        self.catalog = catalog
        self.quick = quick
        self.watcher = watcher
        self.check_signature = check_signature
        self.begun: set[str] = set()

    def read_marker(self, scan: Scan) -> None:
        """Read what the cloud says it is."""
        found = look_at(scan.cloud, layout.MARKER)
        if found is None:
            return
        body, held = found.body, found.held
        scan.marker_text = body
        if not held.problem:
            try:
                scan.marker = decode(body, Marker, where=scan.cloud.where(layout.MARKER))
            except DamagedError as error:
                held = held._replace(problem=error.message)
        scan.held[layout.MARKER] = held

    def read_aliases(self, scan: Scan, references: Sequence[Reference]) -> None:
        """Read the aliases that are named, and their logs."""
        keys = []
        for each in references:
            if each.alias is not None:
                key = layout.alias(each.name, each.alias)
                keys.append(key)
                log = f"{key.removesuffix('.json')}.log/"
                keys += [meta.key for meta in scan.cloud.store.list(log)]
        self.read(scan, keys)

    def read_models(self, scan: Scan) -> None:
        """Read all that is said of models: versions, deletions, aliases and their logs."""
        listed = [meta.key for meta in scan.cloud.store.list(layout.MODELS)]
        self.read(scan, listed)
        # An alias that was moved since the listing names a version that the listing lacks.
        named = {
            layout.version(record.model, record.version)
            for record in _good_records([scan], self.catalog)
            if isinstance(record, AliasRecord) and not record.removed
        }
        self.read(scan, sorted(named - scan.held.keys()))

    def read_manifests(self, scan: Scan) -> None:
        """Read all manifests."""
        self.read(scan, (meta.key for meta in scan.cloud.store.list("manifests/")))

    def look_around(self, scan: Scan) -> None:
        """Note what is beside the registry; what is below a foreign name is not listed."""
        top = scan.cloud.store.list_dir("")
        scan.strange += [meta.key for meta in top.objects if place_of(meta.key) is None]
        scan.strange += [prefix for prefix in top.prefixes if prefix not in KNOWN]

    def read(self, scan: Scan, keys: Iterable[str]) -> None:
        """Read documents."""
        models: dict[str, list[str]] = {}
        for record in _good_records([scan], self.catalog):
            if isinstance(record, VersionRecord):
                models.setdefault(record.manifest, []).append(record.model)

        def act(key: str) -> tuple[str, Held | None, str]:
            return key, *self._read_one(scan.cloud, key, models)

        for key, held, badly_signed in in_turn(READERS, act, self._of_ours(scan, keys)):
            if held is not None:
                scan.held[key] = held
            if badly_signed:
                scan.badly_signed[key] = badly_signed

    def _of_ours(self, scan: Scan, keys: Iterable[str]) -> Iterator[str]:
        for key in keys:
            if place_of(key) is None:
                scan.strange.append(key)
            else:
                yield key

    def _read_one(
        self, cloud: Cloud, key: str, models: dict[str, list[str]]
    ) -> tuple[Held | None, str]:
        """Return what is under `key`, and what is wrong with its signature."""
        found = look_at(cloud, key)
        place = place_of(key)
        if found is None or place is None:
            return None, ""
        body, held = found.body, found.held
        if held.problem:
            return held, ""
        try:
            if place.kind != Kind.MANIFEST:
                self._take(place, body, held.digest, cloud.where(key))
                return held, ""
            if held.digest != place.name:
                problem = f"the bytes have the SHA-256 {held.digest}"
                return held._replace(problem=problem), ""
            manifest = decode(body, Manifest, where=cloud.where(key))
            check_paths([file.path for file in manifest.files], where=cloud.where(key))
        except DamagedError as error:
            return held._replace(problem=error.message), ""
        self.catalog.add_manifest(held.digest, manifest)
        return held, self._signature_problem(cloud, manifest, held.digest, models)

    def _take(self, place: Place, body: bytes, sha256: str, where: str) -> None:
        record: VersionRecord | Deletion | AliasRecord = decode(
            body, _RECORDS[place.kind], where=where
        )
        if not belongs(record, place):
            raise DamagedError("the record is of something else", where=where)
        self.catalog.add(sha256, record)

    def _signature_problem(
        self, cloud: Cloud, manifest: Manifest, sha256: str, models: dict[str, list[str]]
    ) -> str:
        if self.check_signature is None:
            return ""
        found = (self.check_signature(cloud, m, sha256, manifest) for m in models.get(sha256, ()))
        return next(filter(None, found), "")

    def read_blobs(self, scan: Scan) -> None:
        """Read and hash all contents, or compare what is recorded of them."""
        listed = list(self._listed_blobs(scan))
        self._read_blobs(scan, listed)

    def _listed_blobs(self, scan: Scan) -> Iterator[tuple[str, str, ObjectMeta | None]]:
        complete = scan.cloud.store.capabilities.lists_metadata
        for meta in scan.cloud.store.list("blobs/"):
            place = place_of(meta.key)
            if place is None:
                scan.strange.append(meta.key)
            elif self.quick:
                yield meta.key, place.name, meta if complete else None
            else:
                scan.held[meta.key] = Held("", meta.size)
                yield meta.key, place.name, None

    def read_contents(self, scan: Scan, digests: Iterable[str]) -> None:
        """Do the same with some contents."""
        listed: list[tuple[str, str, ObjectMeta | None]] = [
            (layout.blob(sha256), sha256, None) for sha256 in sorted(set(digests))
        ]
        self._read_blobs(scan, listed)

    def _read_blobs(self, scan: Scan, listed: list[tuple[str, str, ObjectMeta | None]]) -> None:
        cloud = scan.cloud
        known = dict(self.catalog.blobs)
        sizes = (
            scan.held[key].size if key in scan.held else known.get(d) or 0 for key, d, _ in listed
        )
        self.begun.add(cloud.name)
        self.watcher.begin(cloud.name, 0 if self.quick else sum(sizes))

        def progress(count: int) -> None:
            self.watcher.advance(cloud.name, count)

        def act(item: tuple[str, str, ObjectMeta | None]) -> tuple[str, Held | None]:
            key, sha256, meta = item
            if self.quick:
                return key, recorded(cloud, key, sha256, meta)
            return key, hashed(cloud, key, sha256, progress)

        workers = READERS if self.quick else cloud.store.options.workers
        for key, held in in_turn(workers, act, listed):
            if held is None:
                scan.held.pop(key, None)  # removed since it was listed
            else:
                scan.held[key] = held
        self.watcher.finish(cloud.name, None)
