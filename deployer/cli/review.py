"""``deployer review``."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deployer.cli.options import shared_options
from deployer.cli.output import Output
from deployer.cli.reviews import (
    FORMATS,
    assumed,
    check_formats,
    conclude,
    formats,
    last_kept,
    price_list,
    report_options,
    severity,
)
from deployer.config import load
from deployer.errors import MissingError, UsageError

if TYPE_CHECKING:
    from infra.resources import Program

__all__ = ["review"]


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--state", type=click.Path(path_type=Path), help="Exported state to compare with.")
@click.option(
    "--against", metavar="last|none|FILE", help="What else to compare with.  [default: last]"
)
@click.option("--stack", default="dev", show_default=True, help="Whose Pulumi.STACK.yaml is read.")
@report_options
@formats(*FORMATS)
@shared_options
def review(
    path: Path,
    *,
    state: Path | None,
    against: str | None,
    stack: str,
    expect_no_changes: bool,
    save: bool,
    fail_on: str,
    prices: Path | None,
    assume: tuple[str, ...],
    out: Path | None,
    timeout: float,
    output: Output,
) -> None:
    """Review any Pulumi program in Python: a folder with a Pulumi.yaml, or a file.

    The program runs in a process that reaches no network; nothing is made. Its resources are
    compared with the last review or an exported state, checked by the policies, and priced.

    Exits with 5 if a finding is as severe as --fail-on, or more; with 7 if there are changes and
    --expect-no-changes is given.

    \b
    Examples:
      deployer review infrastructure/
      pulumi stack export > state.json; deployer review infrastructure/ --state state.json
      deployer review infrastructure/ -o sarif --out review.sarif
    """  # noqa: D301 - click wants the backspace itself
    check_formats(output, out)
    if state is not None and against is not None:
        raise UsageError("--state and --against exclude each other", hint="name one of them")
    if not path.exists():
        raise MissingError(
            "there is no such program", where=str(path), hint="name a folder with a Pulumi.yaml"
        )
    taken, listing = assumed(assume), price_list(prices)
    from deployer.reviewing.planning import (  # noqa: PLC0415 - not needed for --help
        demands_of,
        from_review_error,
        suppressions_of,
    )
    from deployer.reviewing.plans import key_of  # noqa: PLC0415 - as above
    from deployer.reviewing.review import Subject  # noqa: PLC0415 - as above
    from deployer.reviewing.review import review as reviewed  # noqa: PLC0415 - as above
    from infra.review.errors import ReviewError  # noqa: PLC0415 - as above
    from infra.review.record import record  # noqa: PLC0415 - as above

    settings = load().settings
    key = key_of(path.resolve().name, str(path.resolve()), stack)
    before, told = _before(str(state) if state else against or "last", key)
    try:
        program = record(path, stack=stack, timeout=timeout)
    except ReviewError as error:
        raise from_review_error(error, str(path)) from error
    folder = path if path.is_dir() else path.parent
    found = reviewed(
        [
            Subject(
                program=program,
                before=before,
                against=told,
                folder=_shown(folder),
                demands=demands_of(settings, None),
            )
        ],
        prices=listing,
        today=datetime.now(UTC).date(),
        suppressions=suppressions_of(settings),
        assume=taken,
        fail_on=severity(fail_on),
    )
    conclude(
        found,
        output,
        keys={found.parts[0].name: key} if save else {},
        out=out,
        title=program.project,
        expect_no_changes=expect_no_changes,
    )


def _shown(folder: Path) -> str:
    """Return a folder relative to the current one where it lies below it."""
    here, there = Path.cwd().resolve(), folder.resolve()
    if there == here:
        return ""
    return there.relative_to(here).as_posix() if there.is_relative_to(here) else folder.as_posix()


def _before(against: str, key: str) -> "tuple[Program | None, str]":
    """Return what to compare with, and what it is called."""
    from deployer.reviewing.plans import programs_in  # noqa: PLC0415 - not for --help

    if against == "none":
        return None, ""
    if against == "last":
        return last_kept(key, "review") or (None, "")
    programs = list(programs_in(Path(against)).values())
    if len(programs) != 1:
        raise UsageError(
            f"it holds {len(programs)} programs", where=against, hint="name a file of one program"
        )
    return programs[0], against
