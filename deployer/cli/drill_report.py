"""``deployer drill report``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from deployer.cli.options import shared_options
from deployer.cli.output import Output
from deployer.cli.reviews import formats, print_lines
from deployer.errors import DamagedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deployer.drills.report.model import Report
    from deployer.drills.report.summary_model import Summary
    from deployer.signing.model import Verifier

__all__ = ["report"]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--check", is_flag=True, help="Compute everything again and compare.")
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the page there, too.",
)
@formats("table", "json", "markdown", "junit")
@shared_options
def report(folder: Path, *, check: bool, html: Path | None, output: Output) -> None:
    """Show the report of a drill, or of many: FOLDER is what `deployer drill run` has made.

    With --check, every figure is computed again from the raw evidence, every digest is compared,
    and the signature is checked with [signing] public_keys. Exits with 11 if anything differs.

    \b
    Examples:
      deployer drill report drills/bucket-gone
      deployer drill report drills/bucket-gone --check
      deployer drill report drills/bucket-gone -o json | jq .figures.rto
    """  # noqa: D301 - click wants the backspace itself
    from deployer.drills.report.check import read_report  # noqa: PLC0415 - not for --help
    from deployer.drills.report.summary import read_summary  # noqa: PLC0415 - as above

    many = None if (folder / "report.json").exists() else read_summary(folder)
    if many is not None:
        _many(folder, many, output, check=check, html=html)
        return
    found = read_report(folder)
    if check:
        _check(folder, found, output)
    if html is not None:
        from deployer.drills.report.page import report_page  # noqa: PLC0415 - as above

        _page(html, report_page(found), output)
    _print(found, output)


def _page(path: Path, text: str, output: Output) -> None:
    from deployer.drills.report.write import put  # noqa: PLC0415 - not for --help

    put(path, text)
    output.say(f"wrote {path}")


def _verifier() -> "Verifier | None":
    from deployer.cli.signatures import verifier_for  # noqa: PLC0415 - not for --help
    from deployer.config import load  # noqa: PLC0415 - as above

    return verifier_for(load().settings)


def _check(folder: Path, found: "Report", output: Output) -> None:
    from deployer.drills.report.check import check, signature_words  # noqa: PLC0415 - as above

    verifier = _verifier()
    _refuse(folder, check(folder, verifier), output)
    signed = signature_words(folder, found, verifier)
    output.done(f"everything is as the evidence says: {len(found.evidence)} files; {signed}")


def _refuse(folder: Path, wrong: "Sequence[str]", output: Output) -> None:
    if not wrong:
        return
    for each in wrong[1:]:
        output.warn(each)
    more = f" (and {len(wrong) - 1} more, above)" if len(wrong) > 1 else ""
    raise DamagedError(
        f"the report is not what its evidence says: {wrong[0]}{more}",
        where=str(folder),
        hint="do not rely on it; run the drill again",
    )


def _many(
    folder: Path, found: "Summary", output: Output, *, check: bool, html: Path | None
) -> None:
    from deployer.drills.report.summary import check_summary  # noqa: PLC0415 - not for --help
    from deployer.drills.report.summary_texts import (  # noqa: PLC0415 - as above
        summary_lines,
        summary_markdown,
        summary_page,
    )

    wanted = str(output.format)
    if wanted == "junit":
        raise UsageError(
            "these are many drills", where=str(folder), hint=f"see {folder / 'junit.xml'}"
        )
    if check:
        _refuse(folder, check_summary(folder, _verifier()), output)
        output.done(f"everything is as the evidence says: {len(found.drills)} drills")
    if html is not None:
        _page(html, summary_page(found), output)
    if wanted == "json":
        import msgspec  # noqa: PLC0415 - one of three

        output.emit(msgspec.to_builtins(found))
    elif wanted == "markdown":
        click.echo(summary_markdown(found), nl=False)
    else:
        print_lines(summary_lines(found), output)


def _print(found: "Report", output: Output) -> None:
    wanted = str(output.format)
    if wanted == "json":
        import msgspec  # noqa: PLC0415 - one of four

        output.emit(msgspec.to_builtins(found))
    elif wanted == "markdown":
        from deployer.drills.report.markdown import report_markdown  # noqa: PLC0415 - as above

        click.echo(report_markdown(found), nl=False)
    elif wanted == "junit":
        from deployer.drills.report.junit import junit  # noqa: PLC0415 - as above

        click.echo(junit([found]), nl=False)
    else:
        from deployer.drills.report.terminal import terminal_lines  # noqa: PLC0415 - as above

        print_lines(terminal_lines(found, verbose=output.verbose > 0), output)
