"""Which scenarios may be played on endpoints and buckets that somebody else runs."""

from deployer.drills.scenario.model import Scenario
from deployer.drills.verbs.answers import Answered, Ask
from deployer.drills.verbs.base import Verb
from deployer.drills.verbs.commands import Run
from deployer.drills.verbs.looking import Noticed, Observe
from deployer.drills.verbs.network import Disturb, Mend
from deployer.drills.verbs.traffic import Idle, Mark, Traffic

__all__ = ["hindrance"]

_ANYWHERE = (Observe, Answered, Ask, Idle, Noticed, Mark, Traffic, Mend, Disturb)


def hindrance(scenario: Scenario, *, writes: bool) -> str:
    """Return why a scenario cannot be played on staging; "" if it can."""
    if not scenario.estate.endpoints:
        return "it has no endpoints"
    return next(filter(None, (_hindrance(step, writes=writes) for step in scenario.steps)), "")


def _hindrance(step: Verb, *, writes: bool) -> str:
    verb = str(step.__struct_config__.tag)
    if isinstance(step, Run):
        if step.kill is not None or step.skew:
            return "it kills a command, or gives it a wrong clock: on emulators only"
        if step.writes and not writes:
            return f"it runs deployer {step.command[0]}, which may change something: --allow-writes"
        return ""
    if not isinstance(step, _ANYWHERE):
        return f"its step {verb!r} is possible on emulators only"
    target = getattr(step, "target", "")
    return f"its step {verb!r} disturbs a store" if target.startswith("store:") else ""
