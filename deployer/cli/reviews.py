"""What `plan`, `review` and `cost` share: formats, files, and how a review becomes an exit code."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from deployer.cli.output import Output
from deployer.config import state_dir
from deployer.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from deployer.reviewing.review import Review
    from deployer.reviewing.spans import Line
    from infra.resources import Program
    from infra.review.pricing import Prices

__all__ = [
    "assumed",
    "check_formats",
    "conclude",
    "formats",
    "last_kept",
    "plans_folder",
    "price_list",
    "print_lines",
    "report",
    "report_options",
    "severity",
]

F = TypeVar("F", bound=Callable[..., Any])

FORMATS = ("table", "json", "markdown", "sarif", "svg")
LEVELS = ("critical", "high", "medium", "low", "none")


def formats(*names: str) -> Callable[[F], F]:
    """Let ``-o`` of `shared_options`, which must stand below, take these values."""

    def change(command: F) -> F:
        for option in getattr(command, "__click_params__", ()):
            if option.name == "output_format":
                option.type = click.Choice(names)
        return command

    return change


def report_options(command: F) -> F:
    """Add the options of `plan` and `review` alike."""
    options = (
        click.option(
            "--expect-no-changes",
            is_flag=True,
            help="Exit with 7 if anything would change.",
        ),
        click.option(
            "--save/--no-save",
            default=True,
            help="Keep this plan, to compare the next one with.  [default: save]",
        ),
        click.option(
            "--fail-on",
            type=click.Choice(LEVELS),
            default="high",
            show_default=True,
            help="Exit with 5 on a finding as severe as this, or more.",
        ),
        click.option(
            "--prices",
            type=click.Path(path_type=Path),
            help="Price list of your own. [the one that comes with deployer]",
        ),
        click.option(
            "--assume",
            multiple=True,
            metavar="NAME=N",
            help="Assume so for the cost, such as requests=5000000 or model_gb=0.5.",
        ),
        click.option("--out", type=click.Path(path_type=Path), help="Write there, not to stdout."),
        click.option(
            "--timeout",
            type=click.FloatRange(min=1),
            default=60.0,
            show_default=True,
            metavar="SECONDS",
            help="How long one program may run.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def check_formats(output: Output, out: Path | None) -> None:
    """Refuse combinations that cannot be meant, before anything is done."""
    if out is not None and out.is_dir():
        raise UsageError("a folder; this is one file", where=str(out), hint="name a file")
    if out is not None and not out.absolute().parent.is_dir():
        raise UsageError(
            "its folder does not exist", where=str(out), hint=f"mkdir -p {out.absolute().parent}"
        )


def assumed(pairs: Iterable[str]) -> Mapping[str, str]:
    """Return what ``--assume`` says; UsageError if it is no assumption."""
    from infra.review.usage import Usage, usage_of  # noqa: PLC0415 - not needed for --help

    found: dict[str, str] = {}
    known = ", ".join(Usage.__struct_fields__)
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or name not in Usage.__struct_fields__:
            raise UsageError(
                f"{pair!r} is no assumption", where="--assume", hint=f"NAME=N, NAME of {known}"
            )
        found[name] = value
    try:
        usage_of(None, found)
    except ValueError as error:
        raise UsageError(str(error), where="--assume", hint="write a number from 0") from error
    return found


def price_list(own: Path | None) -> "Prices":
    """Return the prices; UsageError if the user's own file is no price list."""
    from infra.review.pricing import PriceError, prices  # noqa: PLC0415 - not needed for --help

    try:
        return prices(own)
    except PriceError as error:
        hint = "see the form of infra/review/prices in the package"
        raise UsageError(str(error), where="--prices", hint=hint) from error


def report(review: "Review", output: Output, *, out: Path | None, title: str) -> None:
    """Print a review, or write it to `out`, in the format that was asked for."""
    # Output's own type knows the two formats of all other commands.
    wanted = str(output.format)
    if wanted == "table" and out is None:
        from deployer.reviewing.terminal import terminal_lines  # noqa: PLC0415 - not for --help

        print_lines(terminal_lines(review, verbose=output.verbose > 0), output)
        return
    text = _text(review, wanted, title)
    if out is None:
        click.echo(text, nl=False)
        return
    temporary = out.with_name(f".{out.name}.new")
    temporary.write_text(text, "utf-8")
    temporary.replace(out)
    from deployer.reviewing.words import summary_words  # noqa: PLC0415 - not needed for --help

    output.say(f"{out}: {summary_words(review)}")


def _text(review: "Review", wanted: str, title: str) -> str:
    if wanted == "json":
        from deployer.reviewing.document import review_document  # noqa: PLC0415 - as below

        return json.dumps(review_document(review), indent=2, ensure_ascii=False) + "\n"
    if wanted == "sarif":
        from deployer.reviewing.sarif import review_sarif  # noqa: PLC0415 - as below

        return json.dumps(review_sarif(review), indent=2, ensure_ascii=False) + "\n"
    if wanted == "svg":
        from deployer.reviewing.picture import review_picture  # noqa: PLC0415 - as below

        return review_picture(review, title=title) + "\n"
    if wanted == "markdown":
        from deployer.reviewing.markdown import review_markdown  # noqa: PLC0415 - as below

        return review_markdown(review, title=title)
    from deployer.reviewing.terminal import terminal_lines  # noqa: PLC0415 - one of five

    lines = terminal_lines(review)
    return "".join("".join(span.text for span in line).rstrip() + "\n" for line in lines)


def print_lines(lines: "Iterable[Line]", output: Output) -> None:
    """Print lines of styled text on stdout; the console knows whether there are colours."""
    from rich.text import Text  # noqa: PLC0415 - slow to import

    whole = Text("\n").join(
        Text.assemble(*((span.text, span.style) for span in line)) for line in lines
    )
    output.out.print(whole)


def plans_folder() -> Path:
    """Return the folder of the plans that are kept."""
    return state_dir() / "plans"


def last_kept(key: str, what: str) -> "tuple[Program, str] | None":
    """Return the program that was kept under a key, and what it is called; None if there is none.

    Args:
        key: of `deployer.reviewing.plans.key_of`.
        what: kept it: a plan, a review.

    """
    from deployer.reviewing.plans import last  # noqa: PLC0415 - not needed for --help

    kept = last(plans_folder(), key)
    return (kept.program, f"the {what} of {kept.saved}") if kept else None


def conclude(
    review: "Review",
    output: Output,
    *,
    keys: Mapping[str, str],
    out: Path | None,
    title: str,
    expect_no_changes: bool,
) -> None:
    """Keep a review's programs for the next one, report it, and exit as it says.

    Args:
        review: what was found.
        output: to speak with.
        keys: name of a part → key that its program is kept under; the others are not kept.
        out: file to write; None for stdout.
        title: of the report.
        expect_no_changes: whether changes are a failure.

    """
    from deployer.reviewing.plans import keep  # noqa: PLC0415 - not needed for --help

    for part in review.parts:
        if part.name in keys:
            keep(plans_folder(), keys[part.name], part.program)
    report(review, output, out=out, title=title)
    _exit_code(review, expect_no_changes=expect_no_changes)


def severity(fail_on: str) -> str:
    """Return ``--fail-on`` as `deployer.reviewing.review.review` takes it."""
    return "" if fail_on == "none" else fail_on


def _exit_code(review: "Review", *, expect_no_changes: bool) -> None:
    """Exit with 5 if the review fails, else with 7 if there are changes that must not be."""
    if review.failed:
        sys.exit(ExitCode.POLICY)
    if expect_no_changes and review.changed:
        sys.exit(ExitCode.CHANGES)
