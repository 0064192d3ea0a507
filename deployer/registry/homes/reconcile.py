"""Bringing back a cloud that went another way than the home: nothing that it holds is lost.

Steps, in this order; each can be repeated, and whoever repeats the command after a crash finishes:

1. What only the cloud published is published at home, under the next free number: same manifest,
   same content. One that the home has by then, from an earlier run, is not published again.
2. What the cloud lacks is brought there, record by record, content first.
3. Each record of the cloud that the home does not have, or has otherwise, is copied to
   ``diverged/``, the copy is read back, and only then does it make way for the home's.
4. The cloud's marker follows the home's.
5. All of it once more: for what was published there until the marker said so.

Moves of aliases and deletions that happened on the cloud alone are kept in ``diverged/`` and told,
not done again: which of two wishes is the later one is not for a program to say.

While a number changes hands, a reader of this cloud may find an alias and a version that do not
fit. It refuses both and takes another cloud; it never gets wrong bytes.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from deployer.errors import DeployerError, FailedError, PolicyError, UsageError
from deployer.registry.cloud import (
    Cloud,
    create_same,
    everywhere,
    in_parallel,
    read_bytes,
    write_document,
)
from deployer.registry.format import layout
from deployer.registry.format.records import AliasRecord, VersionRecord, decode, digest, encode
from deployer.registry.homes.carry import (
    KeepOut,
    anywhere,
    carry_content,
    carry_version,
    copy_document,
    read_if_there,
)
from deployer.registry.homes.catching_up import remove_deleted
from deployer.registry.homes.divergence import Divergent, divergent, lacking
from deployer.registry.homes.documents import Documents, Place, logs_in, places
from deployer.registry.homes.home import Registry, still_home
from deployer.registry.homes.markers import look, swap
from deployer.registry.reading.resolve import read_version
from providers.errors import AlreadyExistsError, PreconditionError, StoreError

__all__ = ["Reconciled", "reconcile", "survey"]


@dataclass
class Reconciled:
    """What came of it.

    Attributes:
        divergent: what the cloud had and the home did not.
        numbers: place of each version of these → its number at home.
        brought: documents that the cloud lacked.
        kept_out: versions that it must not hold, and why.
        behind: cloud name → why it does not have what was published again.

    """

    divergent: dict[Place, Divergent] = field(default_factory=dict)
    numbers: dict[Place, int] = field(default_factory=dict)
    brought: int = 0
    kept_out: dict[str, str] = field(default_factory=dict)
    behind: dict[str, StoreError | DeployerError] = field(default_factory=dict)


def survey(registry: Registry, cloud: Cloud) -> Sequence[Divergent]:
    """Return what `cloud` has that the home does not know, without writing anything.

    Raises:
        UsageError: it is the home.
        StoreError: one of them does not answer.

    """
    if cloud.name == registry.home.name:
        raise UsageError(
            f"{cloud.name} is the home: the others are compared with it",
            hint="see which one is not: deployer home show",
        )
    here = Documents(cloud).look()
    return divergent(cloud, here, registry.home, Documents(registry.home).look())


def reconcile(registry: Registry, cloud: Cloud, *, keep_out: KeepOut = anywhere) -> Reconciled:
    """Bring `cloud` back under the home; run it again to finish it.

    Args:
        registry: with the home; the cloud itself may be kept out of it.
        cloud: the one to bring back.
        keep_out: tells which cloud must not hold what.

    Raises:
        FailedError: the home changed meanwhile.
        StoreError: the cloud or the home failed.

    """
    run = _Reconciliation(registry, cloud, keep_out)
    run.take_over()
    own = look(registry.home)
    still_home(registry)
    assert own is not None  # noqa: S101 - it was the home a moment ago
    swap(cloud, own.marker, newest=own.marker)
    run.take_over()
    return run.done


class _Logs:
    """The documents of both sides, and the moves of each alias among them."""

    def __init__(self, here: Mapping[str, str], there: Mapping[str, str]) -> None:
        self.here, self.there = here, there
        self.ours, self.theirs = logs_in(here), logs_in(there)


class _Reconciliation:
    """One run."""

    def __init__(self, registry: Registry, cloud: Cloud, keep_out: KeepOut) -> None:
        self.registry = registry
        self.home = registry.home
        self.cloud = cloud
        self.keep_out = keep_out
        self.here, self.there = Documents(cloud), Documents(registry.home)
        self.done = Reconciled()

    def take_over(self) -> None:
        """Do steps 1 to 3."""
        here = self.here.look()
        for key in self.here.claims:  # to delete a version; only the home decides that
            self._place(key, None, keep=True)
        there = self.there.look()
        apart = divergent(self.cloud, here, self.home, there)
        versions = [each for each in apart if each.place.kind == "version"]
        self._publish_again(versions, there)
        if versions:
            there = self.there.look()
        self.done.divergent |= {each.place: each for each in apart}
        self._bring(lacking(here, there))
        contested = {each.place.key for each in versions}
        apart_keys = [k for k in {*here, *there} if here.get(k) != there.get(k)]
        pairs = list(logs_in(apart_keys))
        logs = _Logs(here, there)
        late = [pair for pair in pairs if self._aim(pair, logs)[0] in contested]
        for pair in pairs:
            if pair not in late:
                self._follow(pair, logs)
        for each in apart:
            if each.place.kind in ("version", "deletion"):
                self._replace(each.place)
        for pair in late:
            self._follow(pair, logs)
        for place in places(there):
            if place.kind == "deletion" and layout.version(place.model, place.number) in here:
                remove_deleted(self.cloud, place)
        for meta in self.home.store.list(layout.EPOCHS):
            self._place(meta.key, read_bytes(self.home, meta.key)[0], keep=True)

    # Step 1

    def _publish_again(self, versions: Sequence[Divergent], there: Mapping[str, str]) -> None:
        records: dict[str, list[VersionRecord]] = {}
        for each in versions:
            model = each.place.model
            if model not in records:
                first = min(v.place.number for v in versions if v.place.model == model)
                records[model] = self._versions_from(model, first, there)
            known = [r for r in records[model] if r.manifest == each.manifest]
            last = max((r.version for r in records[model]), default=0)
            record = known[0] if known else self._publish(each, there, last)
            if not known:
                records[model].append(record)
            self.done.numbers[each.place] = record.version
        if versions:
            still_home(self.registry)
            self._spread([record for found in records.values() for record in found], versions)

    def _versions_from(
        self, model: str, first: int, there: Mapping[str, str]
    ) -> list[VersionRecord]:
        numbers = [
            place.number
            for place in places(there)
            if (place.model, place.kind) == (model, "version") and place.number >= first
        ]
        return in_parallel(lambda number: read_version(self.home, model, number), numbers)

    def _publish(self, lost: Divergent, there: Mapping[str, str], last: int) -> VersionRecord:
        """Publish a version at home under the next free number after `last`."""
        carry_content(self.cloud, self.home, lost.manifest, keep_out=self.keep_out)
        body, _ = read_bytes(self.cloud, lost.place.key)
        old = decode(body, VersionRecord, where=self.cloud.where(lost.place.key))
        # The same id however often and by whomever this is done.
        txn = str(uuid.uuid5(uuid.UUID(self.registry.id), f"{lost.place.key}/{lost.sha256}"))
        taken = [
            place.number
            for place in places(there)
            if place.model == old.model and place.kind in ("version", "deletion")
        ]
        number = max([last, *taken]) + 1
        while True:
            new = msgspec.structs.replace(old, version=number, txn=txn)
            key = layout.version(old.model, number)
            try:
                write_document(self.home, key, encode(new), mode="create")
            except AlreadyExistsError:
                found = read_version(self.home, old.model, number)
                if found.manifest == old.manifest:
                    return found
                number += 1
            else:
                return new

    def _spread(self, records: Sequence[VersionRecord], versions: Sequence[Divergent]) -> None:
        """Bring what was published again to the other followers."""
        again = {(each.place.model, self.done.numbers[each.place]) for each in versions}
        keys = [
            layout.version(r.model, r.version) for r in records if (r.model, r.version) in again
        ]

        def bring(cloud: Cloud) -> None:
            for key in keys:
                carry_version(self.home, cloud, key, keep_out=self.keep_out)

        others = [c for c in self.registry.followers if c.name != self.cloud.name]
        self.done.behind |= everywhere(others, bring)[1]

    # Step 2

    def _bring(self, missing: Sequence[Place]) -> None:
        def bring(place: Place) -> None:
            if place.kind == "version":
                try:
                    carry_version(self.home, self.cloud, place.key, keep_out=self.keep_out)
                except PolicyError as error:
                    self.done.kept_out[str(place)] = error.message
            else:
                body, _ = read_bytes(self.home, place.key)
                copy_document(self.home, self.cloud, place.key, digest(body))

        for kind in ("version", "deletion", "move"):
            in_parallel(bring, [place for place in missing if place.kind == kind])
        self.done.brought += len(missing)

    # Step 3

    def _follow(self, pair: tuple[str, str], logs: _Logs) -> None:
        """Let an alias have the home's history, and stand where it stands there."""
        here, there, key = logs.here, logs.there, layout.alias(*pair)
        log = logs.ours.get(pair, [])
        for place in log:
            if place.key in there and here[place.key] != there[place.key]:
                self._replace(place)
        _, body = self._aim(pair, logs)
        if here.get(key) != (digest(body) if body else None):
            known = {there[place.key] for place in logs.theirs.get(pair, [])}
            self._place(key, body, keep=here.get(key) not in known)
        for place in reversed(log):
            if place.key not in there:
                self._replace(place)

    def _aim(self, pair: tuple[str, str], logs: _Logs) -> tuple[str, bytes | None]:
        """Return the key of the version that an alias names at home, and its record.

        It is read from the log, which never changes: the alias may have moved on since all that
        it needs was looked for. None if the home has no such alias, or this cloud no such version.
        """
        key = layout.alias(*pair)
        for place in logs.theirs.get(pair, []):
            if logs.there[place.key] == logs.there.get(key):
                body, _ = read_bytes(self.home, place.key)
                record = decode(body, AliasRecord, where=self.home.where(place.key))
                version = layout.version(record.model, record.version)
                there = record.removed or self.cloud.store.exists(version)
                return version, body if there else None
        return "", None

    def _replace(self, place: Place) -> None:
        """Let a record make way for the home's."""
        found = read_if_there(self.home, place.key)
        if found is not None and place.kind == "version":
            record = decode(found[0], VersionRecord, where=self.home.where(place.key))
            carry_content(self.home, self.cloud, record.manifest, keep_out=self.keep_out)
        announced = place.key in self.there.claims
        self._place(place.key, found[0] if found and not announced else None, keep=True)

    def _place(self, key: str, body: bytes | None, *, keep: bool) -> None:
        """Put `body` at `key`, or nothing; what is there is kept beside first."""
        there = read_if_there(self.cloud, key)
        if (there[0] if there else None) == body:
            return
        if there is not None and keep:
            aside = layout.diverged(digest(there[0]), key)
            create_same(self.cloud, aside, there[0])
            if read_bytes(self.cloud, aside)[0] != there[0]:
                raise FailedError(
                    "the copy does not read back", where=self.cloud.where(aside), hint="try again"
                )
        try:
            if body is not None:
                write_document(self.cloud, key, body, mode=there[1] if there else "create")
            elif there is not None:
                self.cloud.store.delete(key, if_match=there[1])
        except (AlreadyExistsError, PreconditionError) as error:
            raise FailedError(
                "somebody writes to it at this moment",
                where=self.cloud.where(key),
                hint="repeat the command",
            ) from error
