"""``deployer doctor``."""

import os
import sys
from typing import TYPE_CHECKING

import click

from deployer.cli.clouds import cloud_options
from deployer.cli.options import shared_options
from deployer.cli.output import Output, printable
from deployer.config import Settings
from deployer.registry.cloud import Cloud
from deployer.upkeep.doctor.examine import Examination, examine
from deployer.upkeep.doctor.findings import Finding, Grade, Report, worst

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["doctor"]

_MARKS = {
    Grade.GOOD: ("✓", "green"),
    Grade.NOTE: ("!", "yellow"),
    Grade.BAD: ("✗", "red"),
    Grade.SKIPPED: ("·", "dim"),
}


@click.command()
@click.option("--read-only", is_flag=True, help="Write nothing: do not try conditional writes.")
@shared_options
@cloud_options
def doctor(*, read_only: bool, clouds: list[Cloud], settings: Settings, output: Output) -> None:
    """See whether the clouds can be used, and what to do where they cannot.

    For each cloud: whose credentials are in use and how long they last, whether it answers, how
    far its clock is from this machine's, whether the bucket can be read, how long small requests
    take, whether conditional writes are honoured (by objects that are removed again), where the
    bucket is, and whether a deletion could be undone. No secret is shown.

    All clouds are asked at once, and nothing takes longer than --timeout. The exit code is that
    of the worst that was found (✗); what is only worth knowing (!) does not count.

    \b
    Examples:
      deployer doctor
      deployer doctor --clouds aws --read-only --timeout 10
      deployer doctor -o json | jq -r '.[].checks[] | select(.grade == "bad")'
    """  # noqa: D301 - click wants the backspace itself
    how = Examination(
        regions={name: cloud.region for name, cloud in settings.clouds.items()},
        read_only=read_only,
        deadline=clouds[0].store.options.timeout,
    )
    reports, complete = examine(clouds, how)
    if output.json:
        output.emit([_document(report) for report in reports])
    else:
        _print(reports, output)
    code = int(worst(reports))
    if not complete:
        # A thread still waits for a silent cloud: closing its store would wait with it.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _document(report: Report) -> dict[str, object]:
    return {
        "cloud": report.cloud,
        "store": report.url,
        "checks": [
            {
                "check": finding.check,
                "grade": str(finding.grade),
                "said": finding.said,
                "hint": finding.hint,
                "exit_code": int(finding.code),
                **finding.facts,
            }
            for finding in report.findings
        ],
    }


def _print(reports: list[Report], output: Output) -> None:
    from rich.text import Text  # noqa: PLC0415 - 40 ms that --help need not pay

    rows: list[list[object]] = []
    for report in reports:
        for number, finding in enumerate(report.findings):
            name = "" if number else report.cloud
            rows.append([Text(*_MARKS[finding.grade]), name, finding.check, _words(finding)])
    output.table(["", "cloud", "check", "found"], rows)
    counts = [finding.grade for report in reports for finding in report.findings]
    bad, notes = counts.count(Grade.BAD), counts.count(Grade.NOTE)
    if bad:
        output.say(f"{bad} to be put right (✗), {notes} worth knowing (!)")
    else:
        output.done(f"nothing to be put right, {notes} worth knowing")


def _words(finding: Finding) -> "Text":
    from rich.text import Text  # noqa: PLC0415

    text = Text(printable(finding.said))
    if finding.hint:
        text.append(f"\n→ {printable(finding.hint)}", "dim")
    return text
