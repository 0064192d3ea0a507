"""``deployer promote``."""

import sys
from dataclasses import replace
from pathlib import Path

import click
import msgspec

from deployer.cli.audited import audited
from deployer.cli.clouds import cloud_options, required_number
from deployer.cli.forcing import force_options, forced_reason
from deployer.cli.moves import note_down, order_of, report
from deployer.cli.options import shared_options
from deployer.cli.output import Output
from deployer.cli.progress import CloudProgress
from deployer.cli.pull import blob_cache
from deployer.cli.trust import signatures_only, trust_of
from deployer.cli.verdicts import in_short, print_verdict
from deployer.config import Settings
from deployer.errors import ExitCode, UsageError
from deployer.gate.gate import Gate
from deployer.gate.rules import rules_of
from deployer.gate.verdict import Verdict, read_verdict
from deployer.registry.aliasing.aliases import read_alias
from deployer.registry.aliasing.pointing import check_movable
from deployer.registry.cloud import Cloud
from deployer.registry.format.names import Reference, parse_reference
from deployer.registry.reading.resolve import resolve
from deployer.registry.viewing.inventory import home_first
from deployer.releasing import CHAMPION, Checks
from deployer.releasing import promote as promote_version

__all__ = ["gate_for", "promote"]


@click.command()
@click.argument("reference", metavar="REF")
@click.option("--to", "alias", default=CHAMPION, show_default=True, help="The alias to move.")
@click.option("--deep", is_flag=True, help="Read and hash every byte on every cloud first.")
@click.option(
    "--require", metavar="all|majority|N", help="How many clouds must have it. [push require: all]"
)
@click.option("--note", help="Why; kept in the history.")
@click.option(
    "--data",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Labelled rows for the gate to judge on. [gate data]",
)
@click.option("--check", is_flag=True, help="Only ask the gate; move nothing.")
@force_options
@shared_options
@cloud_options
def promote(
    reference: str,
    *,
    alias: str,
    deep: bool,
    require: str | None,
    note: str | None,
    data: Path | None,
    check: bool,
    force: bool,
    reason: str | None,
    clouds: list[Cloud],
    settings: Settings,
    output: Output,
) -> None:
    """Point an alias at the version REF on every cloud, once all of it is on every cloud.

    REF is what the home says it is. Sizes and recorded digests are compared on every cloud before
    anything moves; --deep reads every byte. A cloud that does not have all of it stops the act,
    unless --require lets fewer be enough; that cloud keeps what it has, and the exit code is 10.

    If [gate] has rules, the version must meet them first, on labelled rows (data) or by the
    metrics recorded when it was trained; otherwise the exit code is 5. The verdict is kept with
    the move; see it with `show` and `history`. --force moves the alias all the same.

    \b
    Examples:
      deployer promote penguins:4
      deployer promote penguins@canary --note "a week without complaints"
      deployer promote penguins:4 --check --data holdout.csv
      deployer promote penguins:4 --force --reason "the champion is broken"
    """  # noqa: D301 - click wants the backspace itself
    parsed = parse_reference(reference)
    check_movable(alias)
    forced = forced_reason(settings, parsed.name, alias, force=force, reason=reason)
    required = required_number(settings.push.require if require is None else require, len(clouds))
    gate = gate_for(parsed, alias, data, forced, clouds, settings, output)
    if check:
        _check(gate, parsed, alias, clouds, settings, output)
        return
    with audited(output, "promote", clouds=[cloud.name for cloud in clouds]) as act:
        act.model, act.version = parsed.name, parsed.version
        order = order_of(clouds, settings, note)
        with CloudProgress(output, "verified") as progress:
            checks = Checks(required, deep, progress)
            moved = promote_version(order, checks, parsed, alias, judge=gate)
        verdict = read_verdict(moved.record.verdict)
        note_down(act, moved, forced=forced if verdict and verdict.forced else None)
    record = moved.record
    verb = "→" if moved.moved else "already pointed at"
    message = f"{record.model}@{alias} {verb} {record.model}:{record.version} (move {record.seq})"
    report(moved, message, output, **({"gate": record.verdict} if gate else {}))


def gate_for(
    parsed: Reference,
    alias: str,
    data: Path | None,
    forced: str | None,
    clouds: list[Cloud],
    settings: Settings,
    output: Output,
) -> Gate | None:
    """Return what judges the version; None if nothing guards the alias."""
    if not settings.gated(parsed.name, alias):
        if data is not None:
            raise UsageError(
                f"nothing guards {parsed.name}@{alias}, so there is nothing to judge on --data",
                hint="write rules below [gate], such as: min = { accuracy = 0.9 }",
            )
        return None
    rules = rules_of(settings, parsed.name, data=data)
    assert rules is not None  # noqa: S101 - it is gated

    def tell(verdict: Verdict) -> None:
        if not output.json:
            print_verdict(verdict, output)
        if verdict.passed:
            output.done(f"the gate: {in_short(verdict)}")
        else:
            output.warn(f"the gate: {in_short(verdict)}")

    return Gate(
        rules=rules,
        alias=alias,
        clouds=clouds,
        trust=trust_of(settings, clouds),
        cache=blob_cache(settings),
        reason=forced,
        say=output.say,
        tell=tell,
    )


def _check(
    gate: Gate | None,
    parsed: Reference,
    alias: str,
    clouds: list[Cloud],
    settings: Settings,
    output: Output,
) -> None:
    """Ask the gate and print its verdict; exit with 5 if it refuses."""
    if gate is None:
        raise UsageError(
            f"nothing guards {parsed.name}@{alias}, so there is nothing to check",
            hint="write rules below [gate], such as: min = { accuracy = 0.9 }",
        )
    answering, _, _ = home_first(clouds)
    home = answering[0]
    resolved = resolve(home, parsed, signatures_only(settings))
    found = read_alias(home, resolved.name, alias)
    verdict = replace(gate, reason=None).find(home, resolved, found[0] if found else None)
    if output.json:
        output.emit(msgspec.to_builtins(verdict))
    else:
        gate.tell(verdict)
    if not verdict.passed:
        sys.exit(ExitCode.POLICY)
