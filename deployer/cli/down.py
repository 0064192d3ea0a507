"""``deployer down``."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from deployer.cli.audited import audited
from deployer.cli.options import shared_options
from deployer.cli.output import Output, printable
from deployer.cli.stacks_emptying import Content, content_of, empty_all
from deployer.cli.stacks_options import (
    engine_for,
    local_folder,
    named_targets,
    refuse_silence,
    stack_options,
)
from deployer.cli.stacks_print import document, end, failures_of, outcomes_of
from deployer.cli.stacks_progress import StackProgress, short_type
from deployer.config import Settings
from deployer.errors import ExitCode

if TYPE_CHECKING:
    from deployer.stacks.acts import Engine, Target
    from deployer.stacks.keeping import Inventory
    from deployer.stacks.outcome import Outcome

__all__ = ["down"]


@click.command()
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--no-input", is_flag=True, help="Never ask: fail where a question is due.")
@click.option(
    "--delete-models", is_flag=True, help="Also delete models: empty the buckets that they are in."
)
@shared_options
@stack_options
def down(
    *,
    yes: bool,
    no_input: bool,
    delete_models: bool,
    names: Sequence[str],
    settings: Settings,
    registry: Sequence[str],
    output: Output,
) -> None:
    """Delete the endpoints and everything that was made with them.

    You are shown what is protected and asked first. A bucket that models are in is refused (exit
    code 5) unless --delete-models says so: then it is emptied, old versions too, and deleted with
    the rest. Buckets of access logs and repositories of images are emptied in any case. What could
    not be deleted is protected again. Interrupted, or a cloud was down? Run it again.

    \b
    Examples:
      deployer down --clouds local --yes
      deployer down --clouds aws,gcp
    """  # noqa: D301 - click wants the backspace itself
    refuse_silence(yes=yes, no_input=no_input)
    targets = named_targets(settings, names)
    with audited(output, "down", clouds=names) as act:
        engine = engine_for(settings, StackProgress(output))
        there = _inventories(engine, targets, output)
        plan = {
            target.cloud: content_of(
                engine, target, there[target.cloud], settings, delete_models=delete_models
            )
            for target in targets
        }
        if not yes and not _confirmed(there, plan):
            act.detail = "cancelled"
            sys.exit(ExitCode.CANCELLED)
        for cloud, content in plan.items():
            empty_all(content, cloud, settings, output)
        results = _deleted(engine, targets, there, output)
        act.detail = "; ".join(f"{name}: {error}" for name, error in failures_of(results).items())
        if output.json:
            output.emit(document(results))
        else:
            for each in outcomes_of(results):
                count = len(each.steps)
                output.done(f"{each.cloud}: deleted {count}, in {each.seconds:.1f} s")
        end(results, output)


def _inventories(
    engine: "Engine", targets: "Sequence[Target]", output: Output
) -> "Mapping[str, Inventory]":
    from deployer.stacks.acts import export  # noqa: PLC0415 - not needed for --help
    from deployer.stacks.keeping import inventory  # noqa: PLC0415 - as above
    from deployer.stacks.together import together  # noqa: PLC0415 - as above

    found = together(
        engine, targets, lambda target: inventory(export(engine, target)), say=output.say
    )
    for error in failures_of(found).values():
        raise error
    return found  # type: ignore[return-value]  # no failure among them


def _confirmed(there: "Mapping[str, Inventory]", plan: Mapping[str, Content]) -> bool:
    for cloud, each in there.items():
        for held in each.held:
            what = f"{cloud}: {short_type(held.type)} {held.name} is protected and would be lost"
            click.echo(printable(what), err=True)
        for url in plan[cloud].stores:
            click.echo(printable(f"{cloud}: everything in {url} would be lost"), err=True)
        for said in (*plan[cloud].lost, *plan[cloud].told):
            click.echo(printable(f"{cloud}: {said}"), err=True)
    count = sum(each.resources for each in there.values())
    try:
        return click.confirm(f"Delete {count} resources on {', '.join(there)}?", err=True)
    except click.Abort:
        return False


def _deleted(
    engine: "Engine",
    targets: "Sequence[Target]",
    there: "Mapping[str, Inventory]",
    output: Output,
) -> Any:
    from dataclasses import replace  # noqa: PLC0415 - not needed for --help

    from deployer.stacks.acts import down as delete  # noqa: PLC0415 - as above
    from deployer.stacks.together import together  # noqa: PLC0415 - as above
    from infra.local.processes import sweep_all  # noqa: PLC0415 - as above

    with StackProgress(output) as progress:
        told = replace(engine, listener=progress)

        def act(target: "Target") -> "Outcome":
            agreed = [held.urn for held in there[target.cloud].held]
            outcome = delete(told, target, unprotect=agreed)
            if target.cloud == "local":
                # What an engine that was killed has started is in no state.
                sweep_all(local_folder(target.stack))
            return outcome

        return together(told, targets, act, say=output.say)
