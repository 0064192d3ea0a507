"""What many drills came to: data only."""

from typing import Literal

import msgspec

from deployer.drills.measure.figures import Objective

__all__ = ["Row", "Summary"]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One of many drills; figures as in :class:`deployer.drills.measure.figures.Figures`.

    Attributes:
        state: broken if there is no report.
        verdict: of the report, or why there is none.
        missed: objectives.
        seconds: that it took.
        page: of the report, relative to this document; "" if there is none.
        sha256: of report.json, in hex; "" if there is none.

    """

    name: str
    passed: bool
    state: Literal["passed", "failed", "broken"]
    verdict: str
    number: int = 0
    title: str = ""
    rto: float | None = None
    rpo: int | None = None
    detection: float | None = None
    requests: int = 0
    failed: int = 0
    missed: tuple[Objective, ...] = ()
    seconds: float = 0.0
    page: str = ""
    sha256: str = ""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Many drills.

    Attributes:
        disclaimer: what the drills were not.
        passed: whether all did.
        began: UTC of the first; "" if none has a report.
        seconds: that all took together, each by itself.
        drills: in the order in which they were run.
        protections: that drills which passed have proved.

    """

    disclaimer: str
    passed: bool
    began: str
    seconds: float
    drills: tuple[Row, ...]
    protections: tuple[str, ...]
    format: Literal[1] = 1
