"""The gate itself: it collects the evidence, judges, and refuses or lets pass."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from deployer.errors import DeployerError, PolicyError, UsageError
from deployer.gate.evidence import Champion, measured, recorded
from deployer.gate.judge import Evidence, judge
from deployer.gate.models import Shelf, open_version
from deployer.gate.rules import Rules
from deployer.gate.verdict import RuleOutcome, Verdict, to_document
from deployer.registry.cloud import Cloud
from deployer.registry.format.records import AliasRecord
from deployer.registry.reading.cache import BlobCache
from deployer.registry.reading.resolve import Resolved
from deployer.registry.reading.trust import Trust, check_alias
from providers.errors import StoreError

__all__ = ["Gate"]

NAMED = 3
NO_DATA = "the champion rule compares on labelled rows, and there are none"


@dataclass(frozen=True)
class Gate:
    """Judges the version that an alias shall move to.

    Attributes:
        rules: what it must show.
        alias: that shall move.
        clouds: to fetch versions from.
        trust: what each of them must satisfy.
        cache: contents that were fetched before.
        reason: why the alias shall move whatever comes of it; None if it shall not.
        say: told what takes time.
        tell: told the verdict, before anything is refused.

    """

    rules: Rules
    alias: str
    clouds: Sequence[Cloud]
    trust: Trust
    cache: BlobCache | None = None
    reason: str | None = None
    say: Callable[[str], None] = lambda _: None
    tell: Callable[[Verdict], None] = lambda _: None

    def __call__(
        self, home: Cloud, resolved: Resolved, current: AliasRecord | None
    ) -> dict[str, Any]:
        """Return the verdict as it is stored.

        Args:
            home: the cloud that orders moves.
            resolved: the candidate.
            current: where the alias is.

        Raises:
            PolicyError: it was refused, and nothing is forced.
            UsageError: the rules need rows that there are not, or that do not fit.
            StoreError, DeployerError: the candidate could not be fetched or asked.

        """
        verdict = self.find(home, resolved, current)
        if not verdict.passed and self.reason is not None:
            verdict = msgspec.structs.replace(verdict, forced=True, reason=self.reason)
        self.tell(verdict)
        if not verdict.passed and not verdict.forced:
            raise _refusal(verdict, resolved, self.alias)
        return to_document(verdict)

    def find(self, home: Cloud, resolved: Resolved, current: AliasRecord | None) -> Verdict:
        """Return the verdict on the candidate; arguments and errors as when called."""
        try:
            return judge(self.rules, self._collect(home, resolved, current))
        except (DeployerError, StoreError) as error:
            if self.reason is None:
                raise
            return _without_evidence(error)

    def _collect(self, home: Cloud, resolved: Resolved, current: AliasRecord | None) -> Evidence:
        rule, data = self.rules.champion, self.rules.data
        if data is None:
            if rule is not None:
                raise UsageError(
                    NO_DATA,
                    where="gate.champion",
                    hint='write data = "holdout.csv" below [gate], or add --data FILE',
                )
            return recorded(resolved.manifest.metrics)
        clouds = [home, *(cloud for cloud in self.clouds if cloud.name != home.name)]
        with tempfile.TemporaryDirectory(prefix="deployer-gate-") as folder:
            shelf = Shelf(clouds, self.trust, self.cache, Path(folder))
            called = f"{resolved.name}:{resolved.version}"
            self.say(f"judging {called} on {data}")
            candidate = open_version(shelf.fetch(resolved.name, resolved.digest), called)
            nobody = _nobody(self.alias, resolved, current)
            champion = None
            if rule is not None and current is not None and not nobody:
                champion = self._champion(shelf, home, current)
            return measured(
                data,
                candidate,
                champion,
                rule,
                nobody=nobody,
                keep_seen=self.rules.keep_seen,
            )

    def _champion(self, shelf: Shelf, home: Cloud, current: AliasRecord) -> Champion:
        number, digest = current.version, current.manifest
        try:
            # An alias that has expired is about to be moved: that is no reason not to.
            check_alias(home, current, replace(self.trust, allow_stale=True))
            folder = shelf.fetch(current.model, digest)
            version = open_version(folder, f"{current.model}:{number}")
        except (DeployerError, StoreError) as error:
            why = f"version {number} cannot be asked: {error.message}"
            return Champion(number, digest, problem=why)
        return Champion(number, digest, version)


def _nobody(alias: str, resolved: Resolved, current: AliasRecord | None) -> str:
    """Return why there is nobody to compare with; empty if there is somebody."""
    if current is None:
        return f"no {alias} yet"
    if current.manifest == resolved.digest:
        return f"it is the {'last ' if current.removed else ''}{alias} itself"
    return ""


def _without_evidence(error: DeployerError | StoreError) -> Verdict:
    seen = error.message[:200]
    rule = RuleOutcome(name="evidence", required="can be judged", seen=seen, passed=False)
    return Verdict(passed=False, rules=(rule,))


def _refusal(verdict: Verdict, resolved: Resolved, alias: str) -> PolicyError:
    failed = verdict.failed
    named = "; ".join(
        f"{each.name}: {each.seen}, required {each.required}" for each in failed[:NAMED]
    )
    more = f"; and {len(failed) - NAMED} more rules" if len(failed) > NAMED else ""
    return PolicyError(
        f"the gate refuses {resolved.name}:{resolved.version} for {alias}: {named}{more}",
        hint="nothing was moved; to move it all the same: --force --reason TEXT",
        digest=resolved.digest,
    )
