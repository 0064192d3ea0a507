"""How verdicts of the gate are shown."""

from collections.abc import Mapping
from typing import Any

from deployer.cli.output import Output
from deployer.gate.verdict import Verdict, read_verdict

__all__ = ["in_short", "print_verdict", "summary_of"]

NONE = "-"


def summary_of(document: Mapping[str, Any] | None) -> str:
    """Return what an alias record's verdict says, in a few words."""
    if document is None:
        return NONE
    verdict = read_verdict(dict(document))
    return verdict.summary if verdict else "of a newer deployer"


def in_short(verdict: Verdict) -> str:
    """Return one line: how it ended, by how many rules, on what."""
    if verdict.basis == "none":
        return f"{verdict.summary} (not judged)"
    count = len(verdict.rules) + verdict.more
    held = count - len(verdict.failed)
    rows = f"{verdict.rows} rows"
    if verdict.excluded:
        rows += f", {verdict.excluded} more left out that a model was fitted on"
    on = "held out at training" if verdict.basis == "recorded" else "of labelled data"
    return f"{verdict.summary} ({held} of {count} rules hold, on {rows} {on})"


def print_verdict(verdict: Verdict, output: Output) -> None:
    """Print the rules as a table on stdout."""
    from rich.text import Text  # noqa: PLC0415 - only to draw

    if not verdict.rules:
        return
    held, failed = Text("✓ holds", style="green"), Text("✗ fails", style="red")
    rows = [[r.name, r.required, r.seen, held if r.passed else failed] for r in verdict.rules]
    output.table(["rule", "required", "seen", "verdict"], rows)
    if verdict.more:
        output.say(f"{verdict.more} more rules hold")
