"""``deployer up``."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from deployer.cli.audited import audited
from deployer.cli.options import shared_options
from deployer.cli.output import Output, printable
from deployer.cli.stacks_options import (
    configured,
    engine_for,
    refuse_silence,
    stack_options,
    targets_of,
)
from deployer.cli.stacks_print import (
    document,
    end,
    failures_of,
    outcomes_of,
    print_changes,
    print_outputs,
)
from deployer.cli.stacks_progress import StackProgress
from deployer.cli.stacks_review import refuse_violations
from deployer.config import Settings
from deployer.errors import ExitCode

if TYPE_CHECKING:
    from deployer.stacks.acts import Engine, Target
    from deployer.stacks.outcome import Outcome

__all__ = ["up"]


@click.command()
@click.argument("reference", metavar="[REF]", required=False)
@click.option("--digest", metavar="SHA256", help="Of the version's manifest; asks no registry.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--no-input", is_flag=True, help="Never ask: fail where a question is due.")
@click.option(
    "--adopt",
    is_flag=True,
    help="Take what is there already under a name of ours into the stack.",
)
@shared_options
@stack_options
def up(
    *,
    reference: str | None,
    digest: str | None,
    adopt: bool,
    yes: bool,
    no_input: bool,
    names: Sequence[str],
    settings: Settings,
    registry: Sequence[str],
    output: Output,
) -> None:
    """Make endpoints that serve REF on every cloud, or bring them to what the settings say.

    REF is NAME, NAME:3, NAME@champion or NAME@sha256:DIGEST; default is [infra] model. The
    programs are reviewed offline first, then previewed by the engine, which holds them against the
    same policies (exit code 5 on a violation); then you are asked (8 if you say no). All clouds are
    changed at once. What fails or is interrupted keeps what was made: run the same command again,
    and it goes on. Exit code 10 if some clouds failed and others did not.

    Where the answer to a request got lost, something is there that no state knows, and its name is
    taken: --adopt takes it in instead of failing. Only for what is yours.

    `local` makes servers and a router on this machine.

    \b
    Examples:
      deployer up --clouds local --emulators
      deployer up penguins@champion --clouds aws,gcp --yes
    """  # noqa: D301 - click wants the backspace itself
    refuse_silence(yes=yes, no_input=no_input)
    configs = configured(
        settings, names, registry=registry, model=reference, digest=digest, output=output
    )
    targets = targets_of(settings, configs, registry=registry)
    with audited(output, "up", clouds=names) as act:
        act.model, act.digest = configs[0].model, configs[0].digest
        refuse_violations(settings, configs, output)
        with StackProgress(output) as progress:
            engine = engine_for(settings, progress)
            previews = _previewed(engine, targets, output)
        if not output.json:
            print_changes(previews, output, err=True)
        if not yes and any(each.steps for each in previews) and not _confirmed(previews):
            act.detail = "cancelled"
            sys.exit(ExitCode.CANCELLED)
        results = _made(engine, targets, output)
        if adopt:
            results = _with_adopted(engine, targets, results, output)
        act.detail = "; ".join(f"{name}: {error}" for name, error in failures_of(results).items())
        _report(results, output, known={each.cloud: each.warnings for each in previews})
        end(results, output)


def _previewed(engine: "Engine", targets: "Sequence[Target]", output: Output) -> "list[Outcome]":
    """Return the previews; nothing is changed anywhere if one of them fails."""
    from deployer.stacks.acts import preview  # noqa: PLC0415 - not needed for --help
    from deployer.stacks.together import together  # noqa: PLC0415 - as above

    seen = together(engine, targets, lambda target: preview(engine, target), say=output.say)
    for error in failures_of(seen).values():
        raise error
    return outcomes_of(seen)


def _confirmed(previews: "Sequence[Outcome]") -> bool:
    steps = [step for each in previews for step in each.steps]
    lost = sum(step.op in ("delete", "replace") for step in steps)
    names = ", ".join(each.cloud for each in previews if each.steps)
    warning = f", {lost} of them by deleting something" if lost else ""
    try:
        return click.confirm(
            printable(f"Change {len(steps)} resources on {names}{warning}?"), err=True
        )
    except click.Abort:
        return False


def _made(engine: "Engine", targets: "Sequence[Target]", output: Output) -> Any:
    from dataclasses import replace  # noqa: PLC0415 - not needed for --help

    from deployer.stacks.acts import up as make  # noqa: PLC0415 - as above
    from deployer.stacks.together import together  # noqa: PLC0415 - as above

    with StackProgress(output) as progress:
        told = replace(engine, listener=progress)
        return together(
            told, targets, lambda target: make(told, target, judged=True), say=output.say
        )


def _with_adopted(
    engine: "Engine", targets: "Sequence[Target]", results: Any, output: Output
) -> Any:
    """Take in what has a name of ours, and go on; until nothing new is met."""
    from deployer.stacks.acts import adopt  # noqa: PLC0415 - not needed for --help
    from deployer.stacks.adopting import TakenError  # noqa: PLC0415 - as above

    known: set[str] = set()
    while True:
        met = {name: each for name, each in results.items() if isinstance(each, TakenError)}
        again = [each for each in targets if each.cloud in met]
        new = {taken.urn for error in met.values() for taken in error.taken} - known
        if not new:
            return results
        known |= new
        for target in again:
            with audited(output, "adopt", clouds=[target.cloud]) as act:
                act.detail = ", ".join(each.id for each in met[target.cloud].taken)
                adopt(engine, target, met[target.cloud].taken)
            output.done(f"{target.cloud}: took in {act.detail}")
        results = {**results, **_made(engine, again, output)}


def _report(results: Any, output: Output, *, known: Mapping[str, Sequence[str]]) -> None:
    """Report what was made; `known` are the warnings that the previews gave already."""
    if output.json:
        output.emit(document(results))
        return
    for each in outcomes_of(results):
        changed = f"{len(each.steps)} changed" if each.steps else "nothing changed"
        output.done(f"{each.cloud}: {changed}, {each.same} the same, in {each.seconds:.1f} s")
        for warning in each.warnings:
            if warning in known[each.cloud]:
                continue
            output.warn(f"{each.cloud}: {warning}")
    print_outputs({each.cloud: each.outputs for each in outcomes_of(results)}, output)
