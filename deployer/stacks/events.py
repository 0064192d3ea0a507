"""The engine's events, gathered: steps, warnings, and what went wrong."""

import re
import threading
from typing import TYPE_CHECKING

from deployer.stacks.adopting import Taken, is_taken, taken_by
from deployer.stacks.outcome import ActName, Listener
from deployer.stacks.policing import PolicyWord, advice, word_of
from deployer.stacks.steps import Step, drift_of, step_of

if TYPE_CHECKING:
    from pulumi.automation.events import EngineEvent, StepEventMetadata

__all__ = ["Collector"]

_SUMMARIES = ("preview failed", "update failed")
"""What the engine says after it has said what failed."""

_MARKUP = re.compile(r"<\{%[^%]*%\}>|\x1b\[[0-9;]*m")


class Collector:
    """Takes events of one act and tells a listener.

    Args:
        cloud: whose stack.
        act: which.
        listener: is told of steps.

    """

    def __init__(self, cloud: str, act: ActName, listener: Listener) -> None:
        self._cloud = cloud
        self.act = act
        self._listener = listener
        self._lock = threading.Lock()
        self._steps: dict[str, Step] = {}
        self.same = 0
        self.problems: list[str] = []
        self._warnings: list[str] = []
        self._words: list[PolicyWord] = []
        self._messages: dict[str, str] = {}
        self._failures: dict[str, StepEventMetadata] = {}

    @property
    def steps(self) -> tuple[Step, ...]:
        """What changed or would."""
        with self._lock:
            return tuple(self._steps.values())

    @property
    def refusals(self) -> tuple[PolicyWord, ...]:
        """What mandatory policies say."""
        with self._lock:
            return tuple(each for each in self._words if each.refuses)

    @property
    def taken(self) -> tuple[Taken, ...]:
        """What is there already under the name of what was to be made."""
        with self._lock:
            met = self._messages.keys() & self._failures.keys()
            found = [taken_by(self._failures[urn], self._messages[urn]) for urn in sorted(met)]
        return tuple(each for each in found if each is not None)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the cloud and the engine warn of, and what the other policies say."""
        with self._lock:
            told = advice([each for each in self._words if not each.refuses])
            return (*self._warnings, *told)

    def __call__(self, event: "EngineEvent") -> None:
        """Take one event."""
        if event.resource_pre_event is not None and self.act != "refresh":
            self._took(event.resource_pre_event.metadata, "begun")
        elif event.res_outputs_event is not None:
            self._took(event.res_outputs_event.metadata, "done")
        elif event.res_op_failed_event is not None:
            self._failed(event.res_op_failed_event.metadata)
        elif event.diagnostic_event is not None:
            said = _MARKUP.sub("", event.diagnostic_event.message).strip()
            self._said(said, event.diagnostic_event.severity, event.diagnostic_event.urn or "")
        elif event.policy_event is not None:
            word = word_of(event.policy_event, _MARKUP.sub("", event.policy_event.message))
            with self._lock:
                self._words.append(word)
        elif event.summary_event is not None:
            self.same = int(event.summary_event.resource_changes.get("same", 0))  # type: ignore[call-overload]  # keys are plain text

    def _took(self, metadata: "StepEventMetadata", state: str) -> None:
        step = drift_of(metadata) if self.act == "refresh" else step_of(metadata)
        if step is None:
            return
        with self._lock:
            # What was told before the act knows more of what changes than what comes after.
            known = self._steps.setdefault(step.urn, step)
        self._listener.step(self._cloud, known, "begun" if state == "begun" else "done")

    def _failed(self, metadata: "StepEventMetadata") -> None:
        step = step_of(metadata)
        if step is None:
            return
        with self._lock:
            self._steps.pop(step.urn, None)
            self._failures[step.urn] = metadata
        self._listener.step(self._cloud, step, "failed")

    def _said(self, message: str, severity: str, urn: str) -> None:
        if not message:
            return
        with self._lock:
            if severity == "error" and is_taken(message):
                self._messages[urn] = message
            if severity == "error" and message not in (*self.problems, *_SUMMARIES):
                self.problems.append(message)
            elif severity == "warning" and message not in self._warnings:
                self._warnings.append(message)
