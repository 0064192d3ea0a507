"""Figures to words: the verdict, what was found, and where the drill left its way. Pure."""

from collections.abc import Sequence
from typing import get_args

from deployer.drills.evidence.records import Event, Phase
from deployer.drills.measure.figures import Figures, Missed
from deployer.drills.report.model import Aim
from deployer.drills.report.parts import Check, CloudState, Finding, Publish
from deployer.drills.report.phrases import AIMS, amount, counted, seconds_words

__all__ = ["aims", "deviations", "findings", "verdict"]

_NAMES = {"rto": "RTO", "rpo": "RPO", "max_failed": "failed requests", "slowest": "slowest request"}


def aims(figures: Figures) -> tuple[Aim, ...]:
    """Return the four objectives with their figures, whether stated or not."""
    judged = {each.objective: each for each in figures.judged}
    got = {
        "rto": figures.rto,
        "rpo": figures.rpo,
        "max_failed": figures.failed if figures.requests else None,
        "slowest": figures.slowest,
    }
    found = []
    for name in ("rto", "rpo", "max_failed", "slowest"):
        each = judged.get(name)
        if each is not None:
            found.append(Aim(name, each.wanted, each.got, each.met))
        else:
            found.append(Aim(name, None, got[name], None))
    return tuple(found)


def verdict(figures: Figures) -> str:
    """Return what the drill came to."""
    if figures.gaps:
        return f"Failed: the drill shows nothing, because {'; '.join(figures.gaps)}."
    said = " ".join(filter(None, (_served(figures), _kept(figures))))
    if figures.passed:
        return f"Passed. {said}"
    wrong = _counts(figures)
    if figures.missed:
        wrong.insert(0, f"missed {', '.join(map(_short, figures.missed))}")
    return f"Failed: {', '.join(wrong)}. {said}"


def _short(each: Missed) -> str:
    name = _NAMES[each.objective]
    got, wanted = amount(each.objective, each.got), amount(each.objective, each.wanted)
    return f"{name} ({got}, at most {wanted})"


def _counts(figures: Figures) -> list[str]:
    wrong = []
    if figures.checks_failed:
        wrong.append(f"{counted(len(figures.checks_failed), 'check')} failed")
    if figures.damaged:
        damaged = counted(len(figures.damaged), "object")
        wrong.append(f"{damaged} {'is' if len(figures.damaged) == 1 else 'are'} damaged")
    if figures.errors:
        wrong.append(counted(len(figures.errors), "error"))
    if figures.rollbacks_failed:
        wrong.append(f"{counted(len(figures.rollbacks_failed), 'thing')} could not be rolled back")
    return wrong


def _served(figures: Figures) -> str:
    if figures.rto is None:
        return "What was broken did not come back."
    if figures.recovered_by == "checks":
        return f"Everything was mended {seconds_words(figures.rto)} after the fault."
    failed = (
        f"none of {counted(figures.requests, 'request')} failed"
        if not figures.failed
        else f"{figures.failed:,} of {counted(figures.requests, 'request')} failed"
    )
    return (
        f"Service was back {seconds_words(figures.rto)} after the fault; {failed}."
        if figures.failed
        else f"Service went on: {failed}."
    )


def _kept(figures: Figures) -> str:
    if figures.rpo is None:
        return "What the clouds hold was not read."
    if not figures.published:
        return ""
    if figures.rpo:
        every = counted(figures.published, "acknowledged publish", "acknowledged publishes")
        return f"{figures.rpo:,} of {every} {'is' if figures.rpo == 1 else 'are'} missing."
    if figures.renumbered:
        number = counted(len(figures.renumbered), "publish", "publishes")
        has = "has" if len(figures.renumbered) == 1 else "have"
        return f"Nothing that was acknowledged is missing; {number} {has} another number now."
    return "Nothing that was acknowledged is missing."


def findings(
    figures: Figures,
    *,
    checks: Sequence[Check],
    clouds: Sequence[CloudState],
    publishes: Sequence[Publish],
) -> tuple[Finding, ...]:
    """Return what fails the drill, and what its reader should know beside."""
    failed = [f"The evidence is not enough: {each}." for each in figures.gaps]
    failed += [
        f"{AIMS[each.objective]}: {amount(each.objective, each.got)}, at most "
        f"{amount(each.objective, each.wanted)} was wanted."
        for each in figures.missed
    ]
    failed += [
        f"Check failed in phase {each.phase}: {each.name}. Expected {each.expected or 'nothing'}, "
        f"seen {each.seen or 'nothing'}."
        for each in checks
        if not each.ok
    ]
    failed += [
        f"Damaged on {cloud.cloud}: {thing.key} has SHA-256 {thing.sha256}, not {thing.promised}."
        for cloud in clouds
        for thing in cloud.damaged
    ]
    failed += [
        f"Acknowledged and missing on {', '.join(each.missing)}: {each.name} ({each.digest})."
        for each in publishes
        if each.missing
    ]
    failed += [f"The drill could not: {each}." for each in figures.errors]
    failed += [f"Not rolled back: {each}." for each in figures.rollbacks_failed]
    notes = []
    if figures.detection is None and not figures.gaps:
        notes.append("Nothing noted that it had noticed the fault.")
    notes += [
        f"Acknowledged as {each.name}, and {each.now} in the end: the same content ({each.digest})."
        for each in figures.renumbered
    ]
    if figures.recovered_by == "requests" and figures.failing and not figures.missed:
        notes.append(
            f"Requests failed during {seconds_words(figures.failing)} altogether, which the "
            "objectives allow."
        )
    return (
        *(Finding("failure", each) for each in failed),
        *(Finding("note", each) for each in notes),
    )


def deviations(events: Sequence[Event]) -> tuple[str, ...]:
    """Return where the drill did not go as every drill should."""
    happened = [each.name for each in events if each.kind == "phase"]
    found = [
        f"The phase {name} did not take place." for name in get_args(Phase) if name not in happened
    ]
    order = [each for each in get_args(Phase) if each in happened]
    if not found and happened != order:
        found.append(f"The phases went {', '.join(happened)}.")
    found += [
        f"{each.name}." for each in events if each.kind == "note" and each.detail.get("deviation")
    ]
    return tuple(found)
