"""Where a rollout is, and what follows from what happened. Pure.

::

    prepare ── prepared ──> watch 5 ── passed ──> watch 25 ── passed ──> watch 100
       │                       │                     │                      │ passed
       │ crossed               │ crossed             │ crossed              v
       v                       v                     v       crossed     promote
     return <──────────────────┴─────────────────────┴──────────────────────┤ promoted
       │ returned                                                           v
       v                                                  done <─ settled ─ settle
    returned

An interruption changes nothing here: the stage is on disk, and the same command goes on with it.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import msgspec

from deployer.errors import UsageError

__all__ = ["Event", "Phase", "Rollout", "StepReport", "advance", "check_steps", "share"]

Phase = Literal["prepare", "watch", "promote", "settle", "return", "done", "returned"]
Event = Literal["prepared", "passed", "crossed", "promoted", "settled", "returned"]

ALL = 100


class StepReport(msgspec.Struct, frozen=True):
    """What was seen in one step; seconds, counts and shares as in the evidence."""

    share: int
    seconds: float
    requests: int
    failed: int
    stable_requests: int
    stable_failed: int
    p50: float | None
    p99: float | None
    stable_p50: float | None
    stable_p99: float | None
    rows: int
    different: int
    verdict: str


class Rollout(msgspec.Struct, frozen=True):
    """One rollout; ``rollout.json``.

    Attributes:
        model: its name.
        alias: that the stable endpoints follow.
        to: the version that is rolled out.
        steps: per cent of the requests, one after the other; the last is 100.
        phase: where it is.
        step: index of the step.
        digest: hex SHA-256 of the version's manifest; "" before it is known.
        before: the version that the canary alias pointed at; None if it pointed nowhere.
        reason: why it returns.
        reports: of the steps that are over.

    """

    model: str
    alias: str
    to: int
    steps: tuple[int, ...]
    phase: Phase = "prepare"
    step: int = 0
    digest: str = ""
    before: int | None = None
    reason: str = ""
    reports: tuple[StepReport, ...] = ()

    @property
    def over(self) -> bool:
        """Whether nothing is left to do."""
        return self.phase in {"done", "returned"}


def check_steps(steps: Sequence[int]) -> tuple[int, ...]:
    """Return the steps if they rise to 100.

    Raises:
        UsageError: they do not.

    """
    rising = all(low < high for low, high in pairwise(steps))
    if not steps or not rising or steps[0] < 1 or steps[-1] != ALL:
        raise UsageError(
            f"steps {','.join(map(str, steps))} do not rise to 100", hint="write --steps 5,25,100"
        )
    return tuple(steps)


def share(rollout: Rollout) -> int:
    """Return the per cent of the requests that the new version gets in this stage."""
    match rollout.phase:
        case "watch":
            return rollout.steps[rollout.step]
        case "promote" | "settle":
            return ALL
        case _:
            return 0


def advance(
    rollout: Rollout, event: Event, *, reason: str = "", report: StepReport | None = None
) -> Rollout:
    """Return the stage that follows.

    Args:
        rollout: the stage now.
        event: what happened.
        reason: of "crossed", in one line.
        report: of the step that is over.

    Raises:
        ValueError: this cannot happen in this stage.

    """
    if report is not None:
        rollout = msgspec.structs.replace(rollout, reports=(*rollout.reports, report))
    match rollout.phase, event:
        case "prepare", "prepared":
            return msgspec.structs.replace(rollout, phase="watch", step=0)
        case "watch", "passed" if rollout.step + 1 < len(rollout.steps):
            return msgspec.structs.replace(rollout, step=rollout.step + 1)
        case "watch", "passed":
            return msgspec.structs.replace(rollout, phase="promote")
        case "prepare" | "watch" | "promote", "crossed":
            return msgspec.structs.replace(rollout, phase="return", reason=reason)
        case "promote", "promoted":
            return msgspec.structs.replace(rollout, phase="settle")
        case "settle", "settled":
            return msgspec.structs.replace(rollout, phase="done")
        case "return", "returned":
            return msgspec.structs.replace(rollout, phase="returned")
    raise ValueError(f"{event} in {rollout.phase}")
