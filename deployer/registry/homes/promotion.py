"""Making another store the home, when the home is lost or shall be another one.

An epoch has one home. Steps, in this order, each of which can be repeated; whoever runs the same
promotion again finishes one that was interrupted:

1. Bring the new home up to everything that any store that answers has. Nothing has changed yet.
2. Claim the next epoch: create ``epochs/<N>.json`` on every store that answers, in the order of
   their ids, more than half of all that are known. Two promotions that share a store meet there:
   a claim is create-only, and who finds another's stops.
3. Fence: let the marker of every store name the new home, the old home's first. From now on
   nobody who looks publishes to the old one; who committed there and looks afterwards is told
   that it does not count.
4. Bring the new home up once more: to what was committed before the fence.
5. Activate: let the new home's own marker name itself. Before this nobody publishes to it.

Limits. An old home that does not answer is not fenced: a publisher that reaches it, and none of
the others, and has never seen the new epoch, still publishes there. That is found when the store
comes back, and ``reconcile`` publishes it again. Two promotions of which each reaches only stores
that the other one does not are not excluded when both were told to go on without a majority; the
lower store id counts from the moment that anybody sees both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from deployer.errors import DeployerError, FailedError, UsageError
from deployer.registry.cloud import Cloud, everywhere, read_document, write_document
from deployer.registry.format import layout
from deployer.registry.format.records import FORMAT, Count, Marker, Record, Time, Uuid, encode
from deployer.registry.homes.carry import KeepOut, anywhere
from deployer.registry.homes.catching_up import catch_up
from deployer.registry.homes.documents import Documents
from deployer.registry.homes.home import require_one_registry
from deployer.registry.homes.markers import Epochs, agree, leading, look, lost_home, swap
from deployer.registry.who import author, now, stamp
from providers.errors import AlreadyExistsError, StoreError

__all__ = ["Claim", "Promoted", "Promotion", "promote", "survey"]


class Claim(Record, frozen=True):
    """``epochs/<N>.json``: which store is to be the home from this epoch on."""

    format: int
    registry: Uuid
    epoch: Count
    home: Uuid
    at: Time
    by: str


@dataclass(frozen=True)
class Promotion:
    """What a promotion would start from.

    Attributes:
        target: the cloud to become the home.
        markers: cloud name → what each store that answers says.
        counts: the marker that counts among them.
        home: the cloud that is the home now; None if it does not answer.
        voters: the clouds that take part, the target among them.
        known: how many stores there are, those included that do not answer.
        failed: why some do not answer.

    """

    target: Cloud
    markers: dict[str, Marker]
    counts: Marker
    home: Cloud | None
    voters: Sequence[Cloud]
    known: int
    failed: dict[str, StoreError | DeployerError]
    epochs: Epochs

    @property
    def store(self) -> str:
        """The id of the target's store."""
        return self.markers[self.target.name].store

    @property
    def done(self) -> bool:
        """Whether the target is the home, of the last epoch that anybody has seen."""
        own = self.markers[self.target.name]
        newest = self.epochs.newer_than(self.counts) is None
        return newest and own.home == own.store and agree(own, self.counts)


@dataclass(frozen=True)
class Promoted:
    """What came of it.

    Attributes:
        changed: False if it was the home already.
        carried: documents that were brought to it.
        behind: cloud name → why it has not been told.

    """

    home: str
    epoch: int
    changed: bool
    carried: int
    behind: dict[str, StoreError | DeployerError]


def survey(clouds: Sequence[Cloud], name: str, *, state: Path) -> Promotion:
    """Look at what there is, without writing anything.

    Raises:
        FailedError: the cloud was the home before and has to be reconciled first.
        StoreError: it does not answer.
        UsageError: there is no such cloud, or it holds nothing of the registry.

    """
    target = next((cloud for cloud in clouds if cloud.name == name), None)
    if target is None:
        raise UsageError(f"unknown cloud {name!r}", hint="see: deployer config show")
    found, failed = everywhere(clouds, look)
    if name in failed:
        raise failed[name]
    markers = {cloud: seen.marker for cloud, seen in found.items() if seen is not None}
    if name not in markers:
        raise UsageError(
            f"{name} holds no registry", where=target.store.url, hint="push to it first"
        )
    require_one_registry(clouds, markers)
    counts = leading(markers.values())
    if lost_home(markers[name], counts):
        raise FailedError(
            f"{name} was the home until epoch {markers[name].epoch} and does not know "
            "what happened since",
            where=target.store.url,
            hint=f"deployer home reconcile {name}, then repeat the command",
        )
    voters = [c for c in clouds if c.name in markers and not lost_home(markers[c.name], counts)]
    home = next((c for c in voters if markers[c.name].store == counts.home), None)
    unseen = 0 if home is not None or failed else 1  # the home, which nobody has named
    return Promotion(
        target=target,
        markers=markers,
        counts=counts,
        home=home,
        voters=sorted(voters, key=lambda cloud: markers[cloud.name].store),
        known=len(markers) + len(failed) + unseen,
        failed=failed,
        epochs=Epochs(state, counts.registry),
    )


def promote(start: Promotion, *, minority: bool = False, keep_out: KeepOut = anywhere) -> Promoted:
    """Make the target the home; run it again to finish it.

    Args:
        start: what :func:`survey` returned.
        minority: go on although no more than half of the stores answer.
        keep_out: tells which cloud must not hold what.

    Raises:
        FailedError: too few stores answer, another promotion is under way or has been quicker.
        DamagedError: two clouds have different documents for one thing.
        StoreError: a store that takes part has failed meanwhile.

    """
    others = [cloud for cloud in start.voters if cloud.name != start.target.name]
    if start.done:
        behind = _tell(others, start.counts, start)
        return Promoted(start.target.name, start.counts.epoch, False, 0, behind)
    if len(start.voters) * 2 <= start.known and not minority:
        raise FailedError(
            f"only {len(start.voters)} of {start.known} clouds answer: somebody who reaches the "
            "others could promote another one",
            where=", ".join(cloud.store.url for cloud in start.voters),
            hint="wait for more of them; if nobody else promotes any, add --minority",
        )
    here = Documents(start.target)
    there = [Documents(cloud) for cloud in others]
    home = start.home if start.home is not start.target else None
    carried = catch_up(here, there, home=home, keep_out=keep_out)
    epoch = _choose(start)
    for cloud in start.voters:
        _claim(cloud, start, epoch)
    marker = msgspec.structs.replace(start.counts, epoch=epoch, home=start.store)
    if home is not None:
        swap(home, marker, newest=start.counts)
    behind = _tell([cloud for cloud in others if cloud is not home], marker, start)
    carried += catch_up(here, there, home=home, keep_out=keep_out)
    swap(start.target, marker, newest=start.counts)
    start.epochs.remember(marker)
    return Promoted(start.target.name, epoch, True, carried, behind)


def _tell(
    clouds: Sequence[Cloud], marker: Marker, start: Promotion
) -> dict[str, StoreError | DeployerError]:
    """Let the markers of these stores name the new home; one that fails is told by who joins."""
    failed = everywhere(clouds, lambda cloud: swap(cloud, marker, newest=start.counts))[1]
    for error in failed.values():
        if isinstance(error, DeployerError):
            raise error  # somebody else's promotion
    return failed


def _choose(start: Promotion) -> int:
    """Return the epoch to claim: a new one, or that of this promotion's earlier run."""
    top = max(start.counts.epoch, (start.epochs.newest() or (0, ""))[0])
    if start.counts.home == start.store and top == start.counts.epoch:
        return top  # fenced by an earlier run, and not activated
    claims: dict[int, set[str]] = {}
    for cloud in start.voters:
        keys = (meta.key for meta in cloud.store.list(layout.EPOCHS, start_after=layout.epoch(top)))
        for key in keys:
            claim = read_document(cloud, key, Claim)[0]
            claims.setdefault(claim.epoch, set()).add(claim.home)
    newest = max(claims, default=None)
    if newest is None:
        return top + 1
    if claims[newest] == {start.store}:
        return newest
    if len(claims[newest]) == 1:
        for cloud in start.voters:
            if start.markers[cloud.name].store in claims[newest]:
                raise _under_way(cloud.name, cloud, newest)
    return newest + 1  # its store does not answer, or two have met and both have stopped


def _claim(cloud: Cloud, start: Promotion, epoch: int) -> None:
    key = layout.epoch(epoch)
    claim = Claim(
        format=FORMAT,
        registry=start.counts.registry,
        epoch=epoch,
        home=start.store,
        at=stamp(now()),
        by=author(),
    )
    try:
        write_document(cloud, key, encode(claim), mode="create")
    except AlreadyExistsError:
        there = read_document(cloud, key, Claim)[0]
        if there.home != start.store:
            names = {marker.store: name for name, marker in start.markers.items()}
            raise _under_way(names.get(there.home, there.home), cloud, epoch) from None


def _under_way(name: str, cloud: Cloud, epoch: int) -> FailedError:
    return FailedError(
        f"somebody makes {name} the home of epoch {epoch}",
        where=cloud.where(layout.epoch(epoch)),
        hint=f"look: deployer home show; if that was interrupted: deployer home promote {name}",
    )
