"""Acts on stacks with the real engine: preview, up, adopt, refresh, down, outputs, cancel.

A failure half-way, Ctrl-C among them, leaves a state in which everything that was made is noted
down; the next `up` goes on from there. What was under way when an engine was killed stays as a
pending operation, which is told by every act and settled by `refresh`.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from deployer.errors import DeployerError
from deployer.stacks.acting import done, guarded, run, shown
from deployer.stacks.adopting import Taken, import_file
from deployer.stacks.events import Collector
from deployer.stacks.outcome import Outcome, Silent
from deployer.stacks.target import Engine, Target

if TYPE_CHECKING:
    from pulumi.automation import Stack

__all__ = [
    "Engine",
    "Target",
    "adopt",
    "cancel",
    "down",
    "export",
    "outputs",
    "preview",
    "refresh",
    "up",
]

_ABOUT = "deployer"


def preview(engine: Engine, target: Target) -> Outcome:
    """Say what `up` would change; the stack is made if there is none, and stays empty.

    Raises:
        PolicyError: a policy of the engine's packs refuses it.
        DeployerError: as `failure_of`.

    """

    def act(stack: "Stack", events: Collector) -> None:
        stack.set_all_config(_values(target))
        stack.preview(
            on_event=events, color="never", policy_packs=engine.packs(target) or None, diff=False
        )

    return done(engine, target, "preview", act, create=True)


def up(engine: Engine, target: Target, *, judged: bool = False) -> Outcome:
    """Make what the program asks for.

    The engine holds a stack against its policies after the last resource is made, so a preview
    comes first where there are any; `up` itself judges once more what was not known then.

    Args:
        engine: what does it.
        target: which.
        judged: whether a preview of the same was made just now.

    Raises:
        DeployerError: as `failure_of`; what was made is kept and noted down.

    """
    if engine.packs(target) and not judged:
        preview(replace(engine, listener=Silent()), target)

    def act(stack: "Stack", events: Collector) -> dict[str, Any]:
        stack.set_all_config(_values(target))
        made = stack.up(
            on_event=events,
            color="never",
            message=_ABOUT,
            policy_packs=engine.packs(target) or None,
            suppress_outputs=True,
            show_secrets=False,
        )
        return shown(made.outputs)

    return done(engine, target, "up", act, create=True)


def adopt(engine: Engine, target: Target, taken: Sequence[Taken]) -> None:
    """Take what is there already into the stack, protected; the next `up` makes it what it should be.

    Args:
        engine: what does it.
        target: which; it was made, and its `up` failed.
        taken: what.

    Raises:
        DeployerError: as `failure_of`, such as for what belongs to somebody else.

    """
    resources, names = import_file(taken)

    def act(stack: "Stack") -> None:
        stack.import_resources(
            message=_ABOUT,
            resources=resources,  # type: ignore[arg-type]  # a TypedDict
            name_table=names,
            protect=True,
            generate_code=False,
            show_secrets=False,
        )

    guarded(engine, target, act)


def refresh(engine: Engine, target: Target) -> Outcome:
    """Look what is really there, note it down, and settle what an interrupted act left undecided.

    Raises:
        MissingError: there is no such stack.
        DeployerError: as `failure_of`.

    """

    def act(stack: "Stack", events: Collector) -> None:
        stack.refresh(
            on_event=events,
            color="never",
            message=_ABOUT,
            clear_pending_creates=True,
            suppress_outputs=True,
            show_secrets=False,
        )

    return done(engine, target, "refresh", act, create=False)


def down(engine: Engine, target: Target, *, unprotect: Sequence[str] = ()) -> Outcome:
    """Delete everything in the stack, and the stack.

    Args:
        engine: what does it.
        target: which.
        unprotect: URNs of protected resources that the user agreed to lose; any other one makes it
            fail before anything is deleted.

    Raises:
        MissingError: there is no such stack.
        DeployerError: as `failure_of`; what is left is noted down, and protected as before.

    """

    def act(stack: "Stack", events: Collector) -> None:
        try:
            if unprotect:
                run(stack, ["state", "unprotect", *unprotect, "--yes"])
            stack.destroy(
                on_event=events,
                color="never",
                message=_ABOUT,
                suppress_outputs=True,
                show_secrets=False,
            )
        except BaseException:
            _protect_again(engine, stack, unprotect)
            raise
        stack.workspace.remove_stack(stack.name)

    return done(engine, target, "down", act, create=False)


def outputs(engine: Engine, target: Target) -> dict[str, Any]:
    """Return the stack's outputs; secrets are hidden.

    Raises:
        MissingError: there is no such stack.

    """
    return guarded(engine, target, lambda stack: shown(stack.outputs()))


def export(engine: Engine, target: Target) -> dict[str, Any]:
    """Return the stack's state as the engine exports it; secrets stay encrypted.

    Raises:
        MissingError: there is no such stack.

    """
    return guarded(engine, target, lambda stack: dict(stack.export_stack().deployment or {}))


def cancel(engine: Engine, target: Target) -> None:
    """Take away the lock of an act whose process is gone.

    Raises:
        MissingError: there is no such stack.

    """
    guarded(engine, target, lambda stack: stack.cancel())


def _values(target: Target) -> Any:
    from pulumi.automation import ConfigValue  # noqa: PLC0415 - slow to import

    return {key: ConfigValue(value) for key, value in target.config.items()}


def _protect_again(engine: Engine, stack: "Stack", urns: Sequence[str]) -> None:
    """Protect what is left of resources that were to be deleted, Ctrl-C or not.

    Where the state cannot be changed now, a lock or an outage being in the way, the next `up`
    protects them: it is what the programs say.
    """
    from pulumi.automation import CommandError  # noqa: PLC0415 - slow to import

    with contextlib.suppress(CommandError, DeployerError):
        stack.workspace.pulumi_command = engine.undisturbed()
        listed = (stack.export_stack().deployment or {}).get("resources") or []
        left = {each["urn"] for each in listed}.intersection(urns)
        if left:
            run(stack, ["state", "protect", *sorted(left), "--yes"])
