"""Plays drills one after another, tells what happens, and writes the reports."""

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from deployer.cli.output import Output, printable
from deployer.cli.reviews import print_lines
from deployer.cli.signatures import signer_for
from deployer.config import load
from deployer.drills.evidence.records import Event
from deployer.drills.report.build import build
from deployer.drills.report.files import HTML
from deployer.drills.report.model import Report
from deployer.drills.report.summary import INDEX, Outcome, write_summary
from deployer.drills.report.summary_texts import summary_lines
from deployer.drills.report.terminal import terminal_lines
from deployer.drills.report.write import write_all
from deployer.drills.running.hindrance import hindrance
from deployer.drills.running.interrupting import InterruptedDrillError
from deployer.drills.running.play import Options, play
from deployer.drills.running.staging import Staging
from deployer.drills.scenario.model import Scenario
from deployer.errors import DeployerError, ExitCode, FailedError, UsageError
from providers.errors import StoreError

__all__ = ["Session"]

_MARKS = {
    "phase": ("──", "bold"),
    "fault": ("✗", "red"),
    "mended": ("↺", "cyan"),
    "detected": ("!", "yellow"),
    "published": ("↑", "cyan"),
    "rollback": ("↺", "cyan"),
    "command": ("$", "dim"),
    "note": ("·", "dim"),
    "error": ("✗", "bold red"),
}
_SILENT = ("begun", "accepted", "configured")
_PHASES = {
    "prepare": "setting up",
    "steady": "steady state",
    "method": "breaking",
    "recovery": "mending",
    "after": "looking again",
    "rollback": "rolling back",
}


class Session:
    """One call of ``drill run``.

    Args:
        output: how to speak.
        out: folder of the reports; None for one in ``drills/``.
        flags: of the command.

    """

    def __init__(self, output: Output, out: Path | None, flags: dict[str, Any]) -> None:
        self._output = output
        self._out = out
        self._flags = flags
        self._options = Options(model=flags["model"], operator=flags["operator"] or "")
        self._began = 0.0
        self._hint = ""

    def play(self, scenarios: Sequence[tuple[Scenario, str]]) -> int:
        """Play them all and return the exit code."""
        self._settings = load().settings
        if self._flags["staging"]:
            scenarios = self._staged(scenarios)
        many = len(scenarios) > 1
        base = self._base(scenarios)
        outcomes: list[Outcome] = []
        for scenario, text in scenarios:
            name = f"{scenario.number:02d}-{scenario.name}"
            try:
                outcomes.append(self._one(scenario, text, base / name if many else base))
            except InterruptedDrillError:
                self._output.warn(f"interrupted; all is rolled back, evidence is in {base}")
                return ExitCode.INTERRUPTED
        return self._tell(outcomes, base)

    def _staged(self, scenarios: Sequence[tuple[Scenario, str]]) -> Sequence[tuple[Scenario, str]]:
        """Return those that can be played on staging; one that was named must be."""
        writes = bool(self._flags["allow_writes"])
        user = Staging(
            self._settings, Path.cwd(), os.environ.get("DEPLOYER_API_KEY", ""), writes=writes
        )
        self._options = replace(self._options, staging=user)
        every = len(scenarios) > 1
        possible = []
        for scenario, text in scenarios:
            why = hindrance(scenario, writes=writes)
            if not why:
                possible.append((scenario, text))
            elif every:
                self._output.say(f"left out: {scenario.name}: {why}")
            else:
                raise UsageError(
                    f"cannot be played on staging: {why}",
                    where=scenario.name,
                    hint="see which can: deployer drill list",
                )
        return possible

    def _one(self, scenario: Scenario, text: str, folder: Path) -> Outcome:
        number = f"{scenario.number} · " if scenario.number else ""
        self._output.say(f"\n{number}{scenario.title}")
        self._began = time.monotonic()
        why = ""
        try:
            play(scenario, text, folder, self._options, self._event)
        except (DeployerError, StoreError) as error:
            why, self._hint = str(error), error.hint
        try:
            report = write_all(folder, build(folder), signer=signer_for(self._settings))
        except UsageError as error:
            # A drill that broke off early has left too little to report on.
            return Outcome(scenario.name, folder.name, None, why or str(error))
        return Outcome(scenario.name, folder.name, report, why)

    def _tell(self, outcomes: Sequence[Outcome], base: Path) -> int:
        output = self._output
        if len(outcomes) == 1:
            if outcomes[0].why or outcomes[0].report is None:
                hint = f"{self._hint}; the evidence is in {base}".removeprefix("; ")
                raise FailedError(outcomes[0].why, where=outcomes[0].name, hint=hint)
            self._show(outcomes[0].report)
            output.done(f"the page, the report and the evidence are in {base}: open {HTML}")
        else:
            summary = write_summary(base, outcomes)
            if output.json:
                output.emit(msgspec.to_builtins(summary))
            else:
                print_lines(summary_lines(summary), output)
            output.done(f"all reports are in {base}: open {INDEX}")
        return _code(outcomes)

    def _show(self, report: Report) -> None:
        if self._output.json:
            self._output.emit(msgspec.to_builtins(report))
        else:
            print_lines(terminal_lines(report, verbose=self._output.verbose > 0), self._output)

    def _base(self, scenarios: Sequence[tuple[Scenario, str]]) -> Path:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        name = scenarios[0][0].name if len(scenarios) == 1 else "all"
        folder = (self._out or Path("drills", f"{name}-{stamp}")).absolute()
        if folder.exists() and any(folder.iterdir()):
            raise UsageError(
                "is not empty",
                where=str(folder),
                hint="evidence is never overwritten: name another folder with --out",
            )
        return folder

    def _event(self, event: Event) -> None:
        output = self._output
        if output.quiet or output.json or event.kind in _SILENT:
            return
        from rich.text import Text  # noqa: PLC0415 - draws

        passed = time.monotonic() - self._began
        if event.kind == "phase":
            if event.name in _PHASES:
                output.err.print(Text(f"{passed:6.1f} s  ── {_PHASES[event.name]}", style="bold"))
            return
        if event.kind == "check":
            mark, style = ("✓", "green") if event.ok else ("✗", "bold red")
        else:
            mark, style = _MARKS[event.kind]
        line = printable(event.name)
        if event.kind == "detected":
            line = f"noticed by {line}: {printable(event.detail.get('what', ''))}"
        if event.kind == "check" and not event.ok:
            line += f" — expected {event.detail['expected']}, seen {event.detail['seen']}"
        if event.kind == "command" and not output.verbose:
            return
        output.err.print(
            Text.assemble((f"{passed:6.1f} s  ", "dim"), (f"{mark} ", style), line), soft_wrap=True
        )


def _code(outcomes: Sequence[Outcome]) -> int:
    """Return 0 if all passed, 12 if objectives were missed, 1 if a drill itself went wrong."""
    reports = [each.report for each in outcomes if not each.why]
    if len(reports) < len(outcomes) or None in reports:
        return ExitCode.ERROR
    figures = [report.figures for report in reports if report is not None]
    if all(each.passed for each in figures):
        return ExitCode.OK
    sound = not any(each.errors or each.gaps or each.rollbacks_failed for each in figures)
    return ExitCode.OBJECTIVE if sound and any(each.missed for each in figures) else ExitCode.ERROR
