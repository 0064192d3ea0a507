"""What came of an act on one stack, and how it is told while it goes on."""

from typing import Any, Literal, Protocol

import msgspec

from deployer.stacks.steps import Step

__all__ = ["ActName", "Listener", "Outcome", "Silent"]

ActName = Literal["preview", "up", "refresh", "down"]


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came of it.

    Attributes:
        cloud: where.
        stack: its name.
        act: what was done.
        steps: what changed, or would; in the engine's order.
        same: resources that did not change.
        outputs: of the stack; secrets are hidden.
        pending: resources that an interrupted act left undecided, as ``creating NAME``.
        warnings: of the engine and the cloud.
        seconds: that it took.

    """

    cloud: str
    stack: str
    act: ActName
    steps: tuple[Step, ...] = ()
    same: int = 0
    outputs: dict[str, Any] = {}
    pending: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0


class Listener(Protocol):
    """Is told what happens; called from several threads."""

    def begin(self, cloud: str, act: ActName) -> None:
        """Take that an act begins."""

    def step(self, cloud: str, step: Step, state: Literal["begun", "done", "failed"]) -> None:
        """Take that a step begins or ends."""

    def finish(self, cloud: str, error: str | None) -> None:
        """Take that the act has ended, or why it failed."""


class Silent:
    """Tells nobody."""

    def begin(self, cloud: str, act: ActName) -> None:
        """Do nothing."""

    def step(self, cloud: str, step: Step, state: Literal["begun", "done", "failed"]) -> None:
        """Do nothing."""

    def finish(self, cloud: str, error: str | None) -> None:
        """Do nothing."""
