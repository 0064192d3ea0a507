"""``deployer refresh``."""

import sys
from collections.abc import Sequence

import click

from deployer.cli.audited import audited
from deployer.cli.options import shared_options
from deployer.cli.output import Output
from deployer.cli.stacks_options import engine_for, named_targets, stack_options
from deployer.cli.stacks_print import document, end, failures_of, outcomes_of, print_changes
from deployer.cli.stacks_progress import StackProgress
from deployer.config import Settings
from deployer.errors import ExitCode

__all__ = ["refresh"]


@click.command()
@click.option("--expect-no-changes", is_flag=True, help="Exit code 7 if something was different.")
@click.option(
    "--cancel", is_flag=True, help="First take away the lock of an act whose process is gone."
)
@shared_options
@stack_options
def refresh(
    *,
    expect_no_changes: bool,
    cancel: bool,
    names: Sequence[str],
    settings: Settings,
    registry: Sequence[str],
    output: Output,
) -> None:
    """Look what is really there, and note it down; nothing is changed on any cloud.

    Shows what drifted, property by property, and settles what an interrupted act left undecided.
    The next `deployer up` brings back what the settings say. Exits with 10 if some clouds failed.

    \b
    Examples:
      deployer refresh --clouds local
      deployer refresh --clouds aws,gcp --expect-no-changes -o json
    """  # noqa: D301 - click wants the backspace itself
    from deployer.stacks import acts  # noqa: PLC0415 - not needed for --help
    from deployer.stacks.together import together  # noqa: PLC0415 - as above

    targets = named_targets(settings, names)
    with audited(output, "refresh", clouds=names) as act:
        with StackProgress(output) as progress:
            engine = engine_for(settings, progress)
            if cancel:
                for target in targets:
                    acts.cancel(engine, target)
            results = together(
                engine, targets, lambda target: acts.refresh(engine, target), say=output.say
            )
        found = outcomes_of(results)
        act.detail = "; ".join(f"{name}: {error}" for name, error in failures_of(results).items())
        if output.json:
            output.emit(document(results))
        else:
            print_changes(found, output, err=False)
        end(results, output)
    if expect_no_changes and any(each.steps for each in found):
        sys.exit(ExitCode.CHANGES)
