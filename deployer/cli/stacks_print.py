"""What acts on stacks print: changes property by property, outputs, failures, one exit code."""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
import msgspec

from deployer.cli.options import report_error
from deployer.cli.output import Output, printable
from deployer.cli.stacks_progress import short_type
from deployer.errors import DeployerError, ExitCode

if TYPE_CHECKING:
    from deployer.stacks.outcome import Outcome
    from deployer.stacks.steps import Step

__all__ = ["document", "end", "failures_of", "outcomes_of", "print_changes", "print_outputs"]

_SETTLED = "it is settled now; if the cloud made it all the same: deployer up --adopt"
_MARKS = {
    "create": ("+", "green", "to create"),
    "update": ("~", "yellow", "to change"),
    "replace": ("±", "magenta", "to replace"),
    "delete": ("-", "red", "to delete"),
}


def outcomes_of(results: "Mapping[str, Outcome | DeployerError]") -> "list[Outcome]":
    """Return what went well."""
    return [each for each in results.values() if not isinstance(each, DeployerError)]


def failures_of(results: "Mapping[str, Any]") -> dict[str, DeployerError]:
    """Return cloud → why it failed."""
    return {name: each for name, each in results.items() if isinstance(each, DeployerError)}


def document(results: "Mapping[str, Outcome | DeployerError]") -> list[dict[str, Any]]:
    """Return the results as JSON has them."""
    listed = []
    for cloud, each in results.items():
        if isinstance(each, DeployerError):
            error = {
                "message": each.message,
                "where": each.where,
                "hint": each.hint,
                "exit_code": int(each.exit_code),
            }
            listed.append({"cloud": cloud, "error": error})
        else:
            listed.append(dict(msgspec.to_builtins(each)))
    return listed


def print_changes(outcomes: "Sequence[Outcome]", output: Output, *, err: bool) -> None:
    """Print what changes, or differs, on each cloud.

    Args:
        outcomes: of previews or refreshes.
        output: to speak with.
        err: on stderr, where it is not the command's result.

    """
    for each in outcomes:
        for pending in each.pending:
            then = (
                _SETTLED
                if each.act == "refresh"
                else f"settle it: deployer refresh --clouds {each.cloud}"
            )
            output.warn(f"{each.cloud}: an interrupted act left undecided: {pending}; {then}")
        click.echo(_heading(each), err=err)
        for step in each.steps:
            for line in _lines(step, output):
                click.echo(line, err=err)
        for warning in each.warnings:
            output.warn(f"{each.cloud}: {warning}")


def _heading(outcome: "Outcome") -> str:
    counts = Counter(step.op for step in outcome.steps)
    if not counts:
        nothing = "as noted down" if outcome.act == "refresh" else "nothing to change"
        return f"{outcome.cloud}: {nothing}, {outcome.same} resources"
    if outcome.act == "refresh":
        words = {"update": "drifted", "delete": "gone"}
        told = [f"{count} {words.get(op, op)}" for op, count in counts.items()]
    else:
        told = [f"{counts[op]} {says}" for op, (_, _, says) in _MARKS.items() if counts[op]]
    return f"{outcome.cloud}: {', '.join(told)}, {outcome.same} the same"


def _lines(step: "Step", output: Output) -> list[str]:
    mark, color, _ = _MARKS.get(step.op, ("?", "white", ""))
    plain = output.color is False
    signed = mark if plain else click.style(mark, fg=color, bold=True)
    shield = " (protected)" if step.protected else ""
    lines = [f"  {signed} {printable(f'{short_type(step.type)} {step.name}')}{shield}"]
    for change in step.changes:
        before = "-" if change.before is None else change.before
        after = "-" if change.after is None else change.after
        anew = "  (makes it anew)" if change.replaces else ""
        lines.append(printable(f"      {change.path}: {before} → {after}{anew}"))
    return lines


def print_outputs(found: Mapping[str, Mapping[str, Any]], output: Output) -> None:
    """Print the outputs of each cloud's stack."""
    for cloud, values in found.items():
        output.table(
            ["output", "value"],
            [[name, _value(values[name])] for name in sorted(values)],
            title=cloud if len(found) > 1 else None,
        )


def _value(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def end(results: Mapping[str, Any], output: Output, *, changes: bool = True) -> None:
    """Tell failures and leave with their exit code: 10 if only some of the clouds failed.

    Args:
        results: cloud → what came of it.
        output: to speak with.
        changes: whether the act changed anything; where it did not, nothing was done in part, and
            a policy's refusal is told before anything else.

    Raises:
        DeployerError: there was one stack, and it failed.

    """
    failed = failures_of(results)
    if not failed:
        return
    if len(results) == 1 and not output.json:
        raise next(iter(failed.values()))
    for error in failed.values():
        report_error(error, output)
    codes = {int(error.exit_code) for error in failed.values()}
    if not changes and ExitCode.POLICY in codes:
        sys.exit(ExitCode.POLICY)
    if len(failed) < len(results):
        sys.exit(ExitCode.PARTIAL)
    sys.exit(max(codes))
