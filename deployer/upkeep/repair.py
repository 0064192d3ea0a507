"""Bringing every cloud what it lacks, from whichever cloud has it right.

Contents go before manifests, manifests before versions, versions before aliases: as in a publish,
nobody on any cloud is ever led to what is not there yet. Each step can be repeated; what an
interrupted repair has brought is not brought again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deployer.errors import DeployerError, ExitCode, from_store_error
from deployer.registry.cloud import Cloud, everywhere
from deployer.registry.format.keys import Kind
from deployer.registry.format.names import Reference
from deployer.registry.format.records import VersionRecord
from deployer.registry.homes.home import join
from deployer.upkeep.bringing import Bringer, Brought
from deployer.upkeep.copying import Target
from deployer.upkeep.inspect import Watcher
from deployer.upkeep.judge import Defect, KeepOut, Problem, anywhere
from deployer.upkeep.marking import require_home, to_be_marked, write_markers
from deployer.upkeep.plan import CloudPlan, make_plan
from deployer.upkeep.verify import Verified, verify
from providers.errors import StoreError

__all__ = ["Repaired", "repair"]

Failure = StoreError | DeployerError

_SEVERITY = (ExitCode.INTEGRITY, ExitCode.CREDENTIALS, ExitCode.UNAVAILABLE, ExitCode.PARTIAL)


def _exit_code(error: Failure) -> ExitCode:
    seen = from_store_error(error) if isinstance(error, StoreError) else error
    return seen.exit_code


@dataclass(frozen=True)
class Repaired:
    """What came of a repair, or would come of it.

    Attributes:
        verified: the clouds as they were found.
        plans: by cloud name.
        markers: names of the clouds whose own record is written anew.
        brought: by cloud name; empty if nothing was to be written.
        failed: cloud name → why it could not be repaired, or not be looked at.

    """

    verified: Verified
    plans: Mapping[str, CloudPlan]
    markers: Sequence[str]
    brought: Mapping[str, Brought]
    failed: Mapping[str, Failure]

    @property
    def lost(self) -> list[Defect]:
        """What is wrong somewhere and right on no cloud that could be looked at."""
        return [defect for plan in self.plans.values() for defect in plan.lost]

    @property
    def left(self) -> list[Defect]:
        """What is wrong, and not for a copy to put right."""
        return [defect for plan in self.plans.values() for defect in plan.left]

    @property
    def kept_out(self) -> list[tuple[str, str, str]]:
        """``(cloud, version's key, why)`` of what a rule of the user's own keeps out."""
        return [
            (name, key, why)
            for name, judged in self.verified.judged.items()
            for key, why in judged.kept_out.items()
        ]

    def manifest_of(self, key: str) -> str | None:
        """Return the manifest's digest of the version whose record is at `key`."""
        sha256 = self.verified.truth.versions.get(key)
        record = self.verified.survey.catalog.records.get(sha256) if sha256 else None
        return record.manifest if isinstance(record, VersionRecord) else None

    @property
    def code(self) -> ExitCode:
        """What the process shall return."""
        away = self.verified.survey.failed
        codes = {_exit_code(error) for name, error in self.failed.items() if name not in away}
        if away:
            codes.add(ExitCode.UNAVAILABLE)
        codes |= {_exit_code(e) for each in self.brought.values() for e in each.failed.values()}
        if self.lost:
            codes.add(ExitCode.INTEGRITY)
        for defect in self.left:
            behind = defect.problem == Problem.BEHIND
            codes.add(ExitCode.PARTIAL if behind else ExitCode.INTEGRITY)
        if self.verified.identity.apart:
            codes.add(ExitCode.PARTIAL)
        return next((code for code in _SEVERITY if code in codes), max(codes, default=ExitCode.OK))


def repair(
    clouds: Sequence[Cloud],
    *,
    probes: Path,
    watcher: Watcher,
    references: Sequence[Reference] = (),
    quick: bool = False,
    dry_run: bool = False,
    complete: bool = False,
    keep_out: KeepOut = anywhere,
) -> Repaired:
    """Make all clouds whole and equal.

    Args:
        clouds: all that shall be equal; sources and targets.
        probes: folder that remembers which stores were seen to honour preconditions.
        watcher: told how far it is: the looking first, then the copying.
        references: bring these versions alone.
        quick: trust sizes and recorded digests of contents that are there.
        dry_run: work out what would be done, and write nothing.
        complete: whether `clouds` are all that there are.
        keep_out: says why a cloud must not have a version.

    Raises:
        MissingError: there is no registry, or no cloud has a version that is named.
        FailedError, CloudError: the home is gone or does not answer.
        UsageError: the stores belong to different registries.

    """
    verified = verify(
        clouds,
        watcher=watcher,
        references=references,
        quick=quick,
        complete=complete,
        keep_out=keep_out,
    )
    require_home(verified, clouds)
    plans = make_plan(verified)
    markers = to_be_marked(verified.identity)
    if dry_run:
        return Repaired(verified, plans, markers, {}, verified.survey.failed)
    marked = write_markers(verified, markers)
    registry = join(
        [scan.cloud for scan in verified.survey.scans.values()],
        home=None,
        probes=probes,
        found_new=False,
    )
    catalog = verified.survey.catalog
    sources = {cloud.name: cloud for cloud in registry.clouds}

    def bring(cloud: Cloud) -> Brought:
        plan = plans[cloud.name]
        watcher.begin(cloud.name, plan.size)
        target = Target(
            cloud,
            read_back=not registry.checks_uploads[cloud.name],
            progress=lambda count: watcher.advance(cloud.name, count),
        )
        judged = verified.judged[cloud.name]
        try:
            done = Bringer(
                target,
                plan,
                judged,
                catalog,
                verified.truth.logs,
                sources,
                is_home=cloud.name == registry.home.name,
            ).run()
        except (StoreError, DeployerError) as error:
            watcher.finish(cloud.name, str(error))
            raise
        if cloud.name in marked:
            done.counts[Kind.MARKER] += 1
        watcher.finish(cloud.name, None)
        return done

    brought, failed = everywhere(registry.clouds, bring)
    every = {**verified.survey.failed, **registry.failed, **failed}
    return Repaired(verified, plans, markers, brought, every)
