"""``deployer preview``."""

import sys
from collections.abc import Sequence

import click

from deployer.cli.options import shared_options
from deployer.cli.output import Output
from deployer.cli.stacks_options import configured, engine_for, stack_options, targets_of
from deployer.cli.stacks_print import document, end, outcomes_of, print_changes
from deployer.cli.stacks_progress import StackProgress
from deployer.config import Settings
from deployer.errors import ExitCode

__all__ = ["preview"]


@click.command()
@click.argument("reference", metavar="[REF]", required=False)
@click.option("--digest", metavar="SHA256", help="Of the version's manifest; asks no registry.")
@click.option(
    "--expect-no-changes", is_flag=True, help="Exit code 7 if something would be changed."
)
@shared_options
@stack_options
def preview(
    *,
    reference: str | None,
    digest: str | None,
    expect_no_changes: bool,
    names: Sequence[str],
    settings: Settings,
    registry: Sequence[str],
    output: Output,
) -> None:
    """Say what `deployer up` would change, property by property, with the real engine.

    It asks the clouds, so it needs their credentials and plugins; `deployer plan` needs neither.
    The engine holds what it sees against the policies (exit code 5 on a violation), so far as it is
    known before it is made. Exits with 10 if some clouds failed and others did not.

    \b
    Examples:
      deployer preview --clouds local
      deployer preview penguins:4 --clouds aws,gcp --expect-no-changes -o json
    """  # noqa: D301 - click wants the backspace itself
    from deployer.stacks.acts import preview as look  # noqa: PLC0415 - not needed for --help
    from deployer.stacks.together import together  # noqa: PLC0415 - as above

    configs = configured(
        settings, names, registry=registry, model=reference, digest=digest, output=output
    )
    targets = targets_of(settings, configs, registry=registry)
    with StackProgress(output) as progress:
        engine = engine_for(settings, progress)
        results = together(engine, targets, lambda target: look(engine, target), say=output.say)
    found = outcomes_of(results)
    if output.json:
        output.emit(document(results))
    else:
        print_changes(found, output, err=False)
    end(results, output, changes=False)
    if expect_no_changes and any(each.steps for each in found):
        sys.exit(ExitCode.CHANGES)
