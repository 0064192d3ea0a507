"""The figures of a drill. All are computed from the raw evidence, by `compute.figures` alone."""

from typing import Literal

import msgspec

from deployer.drills.evidence.records import Phase

__all__ = [
    "Damaged",
    "Figures",
    "Judged",
    "Lost",
    "Missed",
    "Objective",
    "PhaseFigures",
    "RecoveredBy",
    "Renumbered",
]

Objective = Literal["rto", "rpo", "max_failed", "slowest"]

RecoveredBy = Literal["requests", "checks"]
"""By which definition the RTO was measured; see deployer.drills.measure.service."""


class PhaseFigures(msgspec.Struct, frozen=True):
    """The requests that were due in one phase.

    Attributes:
        phase: which.
        begin: when it began, in seconds after the first fault; negative before it. If nothing was
            broken, after the first event.
        seconds: how long it lasted; until the last event, if nothing came after it.
        requests: that were due in it.
        failed: of them.
        kinds: kind of failure → how many: "HTTP 503", "wrong digest", "no digest", or what the
            load generator says where there was no answer, such as "given up".
        p50: milliseconds from due to the end of the answer, failed requests included; None without
            requests. Percentiles are by nearest rank: the least value that at least so many per
            cent of the requests do not exceed.
        p95: as p50.
        p99: as p50.
        slowest: milliseconds of the slowest request.

    """

    phase: Phase
    begin: float
    seconds: float
    requests: int = 0
    failed: int = 0
    kinds: dict[str, int] = {}
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    slowest: float | None = None


class Lost(msgspec.Struct, frozen=True):
    """An acknowledged publish that is not where it was acknowledged, under whatever number.

    Attributes:
        name: ``model:version``.
        digest: hex SHA-256 of its manifest, as it was acknowledged.
        clouds: where it should be and is not whole.
        age: seconds from its acknowledgement to the first fault; 0 if it came after the fault.

    """

    name: str
    digest: str
    clouds: tuple[str, ...]
    age: float


class Renumbered(msgspec.Struct, frozen=True):
    """An acknowledged publish that is whole where it was acknowledged, under another number.

    Attributes:
        name: ``model:version`` that was acknowledged.
        digest: hex SHA-256 of its manifest.
        now: ``model:version`` that it is in the end.

    """

    name: str
    digest: str
    now: str


class Damaged(msgspec.Struct, frozen=True):
    """An object whose content is not what its name or its referrer promises."""

    cloud: str
    key: str


class Missed(msgspec.Struct, frozen=True):
    """An objective that was missed.

    Attributes:
        objective: which.
        wanted: the limit: seconds for rto and slowest, a count for rpo and max_failed.
        got: the figure; None if service did not come back, or if the evidence does not say.

    """

    objective: Objective
    wanted: float
    got: float | None


class Judged(msgspec.Struct, frozen=True):
    """An objective that was stated and applies: as :class:`Missed`, and whether it was met."""

    objective: Objective
    wanted: float
    got: float | None
    met: bool


class Figures(msgspec.Struct, frozen=True):
    """What a drill has shown. Seconds are from the first fault unless said otherwise.

    Attributes:
        passed: no gap, no check failed, no error, nothing that could not be rolled back, no
            objective missed, no object damaged.
        gaps: what the evidence lacks to show anything at all, in words: the drill did not end,
            nothing was broken, nothing was asked.
        recovered_by: whether the RTO is told by requests or, without endpoints, by checks.
        rto: until service was back; None if it did not come back or if nothing was broken.
        detection: until somebody noticed; None if nobody did.
        detected_by: who noticed first; "" if nobody did.
        first_success: until the first right answer after the first failed request, or, if none
            failed, to the first request; None without one.
        last_failure: until the last failed request was over; None if none failed after the fault.
        failing: seconds in which requests failed: the union of what failed requests stand for,
            each from when it was due to its end, and at least to when the next was due.
        rpo: acknowledged publishes that are missing; None if the clouds were not read.
        rpo_age: seconds from the oldest missing publish to the fault: how far back the loss goes; 0
            if nothing is missing, None if the clouds were not read.
        lost: the missing publishes.
        renumbered: publishes that are not missing, and have another number than was acknowledged.
        published: versions whose publish was acknowledged.
        requests: all of the load.
        failed: requests without an answer of an accepted version.
        kinds: as in :class:`PhaseFigures`.
        slowest: seconds that the slowest request took; None without requests.
        phases: in the order in which they began.
        objects: on all clouds together.
        bytes: of these objects.
        damaged: objects among them whose content is not what was promised.
        checks_passed: how many.
        checks_failed: their names, in order.
        errors: what the drill could not do.
        rollbacks: things that were undone.
        rollbacks_failed: things that could not be undone.
        judged: objectives that were stated and apply.
        missed: those of them that were missed.

    """

    passed: bool
    gaps: tuple[str, ...]
    recovered_by: RecoveredBy
    rto: float | None
    detection: float | None
    detected_by: str
    first_success: float | None
    last_failure: float | None
    failing: float
    rpo: int | None
    rpo_age: float | None
    lost: tuple[Lost, ...]
    published: int
    requests: int
    failed: int
    kinds: dict[str, int]
    slowest: float | None
    phases: tuple[PhaseFigures, ...]
    objects: int
    bytes: int
    damaged: tuple[Damaged, ...]
    checks_passed: int
    checks_failed: tuple[str, ...]
    errors: tuple[str, ...]
    rollbacks: int
    rollbacks_failed: tuple[str, ...]
    judged: tuple[Judged, ...]
    missed: tuple[Missed, ...]
    renumbered: tuple[Renumbered, ...] = ()
