"""How an act on a stack is done: opened, told to a listener, and its failure given our own form."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from deployer.errors import MissingError
from deployer.stacks.adopting import TakenError
from deployer.stacks.events import Collector
from deployer.stacks.failures import failure_of
from deployer.stacks.outcome import ActName, Outcome
from deployer.stacks.policing import refusal
from deployer.stacks.steps import HIDDEN
from deployer.stacks.target import Engine, Target
from deployer.stacks.workspace import open_stack
from infra.policy.pack.settings import VARIABLE

if TYPE_CHECKING:
    from pulumi.automation import Stack

__all__ = ["done", "guarded", "run", "shown"]

_T = TypeVar("_T")


def done(
    engine: Engine,
    target: Target,
    name: ActName,
    act: "Callable[[Stack, Collector], dict[str, Any] | None]",
    *,
    create: bool,
) -> Outcome:
    """Do an act that is told step by step; return what came of it.

    Args:
        engine: what it is done with.
        target: on which stack.
        name: of the act.
        act: returns the stack's outputs, if it has any.
        create: whether the stack is made if it is not there.

    Raises:
        TakenError: a name is taken.
        DeployerError: as `failure_of` and `refusal`.

    """
    began = time.monotonic()
    events = Collector(target.cloud, name, engine.listener)
    engine.listener.begin(target.cloud, name)

    def whole(stack: "Stack") -> Outcome:
        pending = _pending(stack.export_stack().deployment or {})
        found = act(stack, events)
        return Outcome(
            cloud=target.cloud,
            stack=target.stack,
            act=name,
            steps=events.steps,
            same=events.same,
            outputs=found or {},
            pending=pending,
            warnings=events.warnings,
            seconds=round(time.monotonic() - began, 3),
        )

    try:
        outcome = guarded(engine, target, whole, events=events, create=create)
    except BaseException as error:
        engine.listener.finish(target.cloud, str(error) or type(error).__name__)
        raise
    engine.listener.finish(target.cloud, None)
    return outcome


def guarded(
    engine: Engine,
    target: Target,
    act: "Callable[[Stack], _T]",
    *,
    events: Collector | None = None,
    create: bool = False,
) -> _T:
    """Open the stack, act, and give failures of the engine our own form.

    Raises:
        MissingError: there is no such stack.
        TakenError: a name is taken.
        DeployerError: as `failure_of` and `refusal`.

    """
    from pulumi.automation import CommandError  # noqa: PLC0415 - slow to import

    try:
        stack = open_stack(
            engine.home,
            target.cloud,
            target.stack,
            command=engine.command(),
            create=create,
            variables={VARIABLE: target.policy} if target.policy else {},
        )
        if stack is None:
            raise MissingError(
                f"there is no stack {target.stack}",
                where=target.cloud,
                hint=f"make it: deployer up --clouds {target.cloud}",
            )
        return act(stack)
    except CommandError as error:
        if events is not None and events.refusals and not events.problems:
            raise refusal(
                events.refusals, cloud=target.cloud, made=events.act == "up" and bool(events.steps)
            ) from error
        problems = events.problems if events is not None else []
        failure = failure_of(str(error), problems, cloud=target.cloud)
        if events is not None and events.taken:
            raise TakenError(failure.message, where=target.cloud, taken=events.taken) from error
        raise failure from error


def run(stack: "Stack", arguments: Sequence[str]) -> None:
    """Run a command of the engine's that the Automation API does not have.

    Raises:
        pulumi.automation.CommandError: it failed.

    """
    workspace = stack.workspace
    environment = {"PULUMI_HOME": str(workspace.pulumi_home), **workspace.env_vars}
    whole = [*arguments, "--stack", stack.name]
    workspace.pulumi_command.run(whole, workspace.work_dir, environment)


def shown(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return outputs as plain values; secrets are hidden."""
    return {name: HIDDEN if each.secret else each.value for name, each in found.items()}


def _pending(deployment: Mapping[str, Any]) -> tuple[str, ...]:
    listed = deployment.get("pending_operations") or []
    return tuple(
        f"{each.get('type', 'changing')} {each['resource']['urn'].rpartition('::')[2]}"
        for each in listed
    )
