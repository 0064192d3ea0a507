"""A rollout: alias, weights, watching, promotion, and the way back."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import msgspec

from deployer import typed
from deployer.emulators.process import birth_of
from deployer.errors import FailedError, PolicyError, TimedOutError, UsageError
from deployer.routing.canary.counting import Counting, report_of
from deployer.routing.canary.judging import Limits, Verdict, judge
from deployer.routing.canary.pairs import Pairs, Rows
from deployer.routing.canary.stages import Rollout, advance, share
from deployer.routing.folder import RouterFolder, Standing, Status
from deployer.routing.shares import Split

__all__ = ["Acts", "Conductor", "Pace", "begin_or_resume", "require_router"]

FILE = "rollout.json"
TICK = 0.25


class Acts(Protocol):
    """What a rollout does to the registry."""

    def try_out(self, version: int) -> tuple[str, int | None]:
        """Point the canary alias at `version`; return its digest, and where the alias was."""

    def put_back(self, version: int | None) -> None:
        """Point the canary alias at `version` again, or remove it if it was not there."""

    def promote(self, version: int) -> None:
        """Point the alias at `version` as ``deployer promote`` does; PolicyError if refused."""


@dataclass(frozen=True)
class Pace:
    """Times in seconds.

    Attributes:
        interval: that a step is watched at least.
        patience: times the interval, after which a step that is still open has failed.
        follow: that endpoints get to serve what an alias was pointed at.
        take_up: that the router gets to take new weights up.

    """

    interval: float = 60.0
    patience: float = 3.0
    follow: float = 120.0
    take_up: float = 15.0


def begin_or_resume(folder: RouterFolder, wanted: Rollout) -> tuple[Rollout, bool]:
    """Return the rollout to go on with, and whether it was begun before.

    Raises:
        UsageError: another one is not over yet.

    """
    try:
        found = typed.decode((folder.path / FILE).read_bytes(), Rollout)
    except (FileNotFoundError, msgspec.DecodeError):
        return wanted, False
    if found.over:
        return wanted, False
    same = ("model", "alias", "to", "steps")
    if any(getattr(found, name) != getattr(wanted, name) for name in same):
        steps = ",".join(map(str, found.steps))
        raise UsageError(
            f"the rollout of {found.model}:{found.to} is not over",
            where=str(folder.path / FILE),
            hint=f"finish it: deployer rollout {found.model}@{found.alias} --to {found.to} "
            f"--steps {steps}",
        )
    return found, True


def require_router(folder: RouterFolder) -> Status:
    """Return what the router that runs there says of itself.

    Raises:
        FailedError: none runs.
        UsageError: it has no canary endpoint.

    """
    found = folder.status()
    if found is None or not birth_of(found.controller):
        raise FailedError(
            "no router runs there",
            where=str(folder.path),
            hint="start it: deployer router run, with the same --dir",
        )
    if not any(each.canary and each.resident for each in found.endpoints):
        raise UsageError(
            "the router has no canary endpoint where the model may be",
            where="[router.endpoints]",
            hint="write canary = true where NAME@canary is served, and start the router again",
        )
    return found


class Conductor:
    """Carries one rollout out.

    Args:
        rollout: where to begin.
        folder: of the router.
        acts: on the registry.
        limits: that the new version is held to.
        pace: times.
        rows: returns what both versions are asked, once the new version's digest is known.
        say: told of every stage, for people.

    """

    def __init__(
        self,
        rollout: Rollout,
        folder: RouterFolder,
        acts: Acts,
        limits: Limits,
        pace: Pace,
        rows: Callable[[str], Rows],
        say: Callable[[str], None],
    ) -> None:
        self.rollout = rollout
        self._folder = folder
        self._acts = acts
        self._limits = limits
        self._pace = pace
        self._rows = rows
        self._say = say

    def run(self) -> Rollout:
        """Carry the rollout to its end, done or returned.

        Interrupted, it takes the weights back before it raises; the stage stays on disk.

        Raises:
            DeployerError, StoreError: a cloud or the router cannot be reached, or endpoints do
                not follow in time; the same command goes on.

        """
        stages = {
            "prepare": self._prepare,
            "watch": self._watch_steps,
            "promote": self._promote,
            "settle": self._settle,
            "return": self._return,
        }
        try:
            while not self.rollout.over:
                stages[self.rollout.phase]()
        except BaseException:
            self._folder.write_split(Split(0, self.rollout.digest))
            raise
        return self.rollout

    def _save(self, rollout: Rollout) -> None:
        self.rollout = rollout
        self._folder.write(FILE, msgspec.json.format(msgspec.json.encode(rollout), indent=2))

    def _prepare(self) -> None:
        """Have the canary endpoints serve the new version, without any request yet."""
        self._status()
        digest, before = self._acts.try_out(self.rollout.to)
        if not self.rollout.digest:
            # Asked again after an interruption, the alias would be where we put it.
            self._save(msgspec.structs.replace(self.rollout, digest=digest, before=before))
        self._weigh(0)
        self._say(f"canary endpoints must serve {self.rollout.model}:{self.rollout.to} first")
        try:
            self._await(
                lambda: all(_serves(each, digest) for each in self._canaries()),
                f"the canary endpoints do not serve sha256:{digest[:12]}…",
                self._pace.follow,
            )
        except TimedOutError as error:
            self._save(advance(self.rollout, "crossed", reason=str(error)))
            return
        self._save(advance(self.rollout, "prepared"))

    def _watch_steps(self) -> None:
        digest = self.rollout.digest
        stable = [each for each in self._stable() if each.traffic]
        canary = list(self._canaries())
        rows = self._rows(digest)
        pairs = Pairs(stable, canary, self.rollout.model, digest, rows)
        pairs.start()
        try:
            while self.rollout.phase == "watch":
                self._watch(pairs, rows.count)
        finally:
            pairs.stop()

    def _watch(self, pairs: Pairs, available: int) -> None:
        per_cent = share(self.rollout)
        self._weigh(per_cent)
        self._say(f"{per_cent} % of the requests go to {self.rollout.model}:{self.rollout.to}")
        pairs.reset()
        begun = time.monotonic()
        counted = Counting(self._folder)
        while True:
            time.sleep(TICK)
            status = self._status()
            evidence = counted.evidence(status, pairs, available)
            verdict = judge(evidence, self._limits)
            if verdict.passed and not any(
                each.canary and each.traffic for each in status.endpoints
            ):
                verdict = Verdict(open="no canary endpoint gets requests")
            seconds = time.monotonic() - begun
            late = seconds >= self._pace.interval * self._pace.patience
            if verdict.crossed or (late and verdict.open):
                reason = verdict.crossed or f"not shown to be good enough: {verdict.open}"
                # The weights first: everything else can wait.
                self._folder.write_split(Split(0, self.rollout.digest))
                report = report_of(per_cent, seconds, evidence, reason)
                self._save(advance(self.rollout, "crossed", reason=reason, report=report))
                return
            if seconds >= self._pace.interval and verdict.passed:
                report = report_of(per_cent, seconds, evidence, "passed")
                self._save(advance(self.rollout, "passed", report=report))
                return

    def _promote(self) -> None:
        self._weigh(share(self.rollout))
        try:
            self._acts.promote(self.rollout.to)
        except PolicyError as error:
            self._folder.write_split(Split(0, self.rollout.digest))
            self._save(advance(self.rollout, "crossed", reason=f"not promoted: {error}"))
            return
        self._save(advance(self.rollout, "promoted"))

    def _settle(self) -> None:
        """Wait until the stable endpoints serve the new version, then give them the requests."""
        self._weigh(share(self.rollout))
        digest = self.rollout.digest
        self._say(f"stable endpoints must serve {self.rollout.model}:{self.rollout.to} now")
        self._await(
            lambda: (
                all(_serves(each, digest) for each in self._stable() if each.ready)
                and any(each.ready for each in self._stable())
            ),
            f"the stable endpoints do not serve sha256:{digest[:12]}…",
            self._pace.follow,
        )
        self._weigh(0)
        self._save(advance(self.rollout, "settled"))

    def _return(self) -> None:
        self._folder.write_split(Split(0, self.rollout.digest))
        self._say(f"returning: {self.rollout.reason}")
        self._acts.put_back(self.rollout.before)
        self._save(advance(self.rollout, "returned"))

    def _weigh(self, per_cent: int) -> None:
        """Write weights, and wait until the router has taken them up."""
        wanted = Split(per_cent, self.rollout.digest)
        self._folder.write_split(wanted)
        self._await(
            lambda: self._status().split == wanted,
            "the router does not take new weights up; does `deployer router run` run there?",
            self._pace.take_up,
        )

    def _status(self) -> Status:
        return require_router(self._folder)

    def _canaries(self) -> Iterator[Standing]:
        return (each for each in self._status().endpoints if each.canary and each.resident)

    def _stable(self) -> Iterator[Standing]:
        return (each for each in self._status().endpoints if not each.canary)

    def _await(self, condition: Callable[[], bool], otherwise: str, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise TimedOutError(
                    otherwise,
                    where=str(self._folder.path),
                    hint="see status.json there, and deployer router check",
                )
            time.sleep(TICK)


def _serves(each: Standing, digest: str) -> bool:
    return each.ready and each.digest == digest and each.golden == "equal"
