"""Events to what a reader wants to know: phases, faults, checks, commands, publishes. Pure."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from deployer.drills.evidence.records import Event, Integrity
from deployer.drills.measure.losses import published, standing
from deployer.drills.report.parts import Broken, Check, Command, Entry, PhaseSpan, Publish, Rollback

__all__ = [
    "checks",
    "commands",
    "entries",
    "faults",
    "origin",
    "phases",
    "publishes",
    "rollback",
    "value_words",
]

_LONG = 400
# Somebody's folders say nothing to others; the last part says what it is. URLs stay as they are.
_PATH = re.compile(r"(?<![\w:/.~-])/(?:[\w.@+~-]+/){2,}(?=[\w.@+~-])")
PLACES = 6


def origin(events: Sequence[Event]) -> float:
    """Return the moment that times are counted from: the first fault, else the first event."""
    first = next((each for each in events if each.kind == "fault"), None)
    return first.at if first else events[0].at if events else 0.0


def _since(at: float, zero: float) -> float:
    return round(at - zero, PLACES) + 0.0


def _phased(events: Sequence[Event]) -> Iterator[tuple[Event, str]]:
    """Yield events with the phase that they are in."""
    phase = ""
    for event in events:
        phase = event.name if event.kind == "phase" else phase
        yield event, phase


def phases(events: Sequence[Event]) -> tuple[PhaseSpan, ...]:
    """Return the phases; the last ends with the last event."""
    zero = origin(events)
    begun = [each for each in events if each.kind == "phase" and each.name != "done"]
    edges = [each.at for each in events if each.kind == "phase"][1:]
    if len(edges) < len(begun):
        edges.append(events[-1].at)
    return tuple(
        PhaseSpan(each.name, _since(each.at, zero), _since(end, zero))
        for each, end in zip(begun, edges, strict=True)
    )


def faults(events: Sequence[Event]) -> tuple[Broken, ...]:
    """Return the faults, each with the first end that is its own."""
    zero = origin(events)
    used: set[int] = set()
    found = []
    for i, event in enumerate(events):
        if event.kind != "fault":
            continue
        target = str(event.detail.get("target", ""))
        end = None
        for j in range(i + 1, len(events)):
            after = events[j]
            if j in used or after.kind not in ("mended", "rollback") or after.name != event.name:
                continue
            if after.detail.get("target", target) == target:
                used.add(j)
                end = _since(after.at, zero)
                break
        found.append(Broken(event.name, target, _since(event.at, zero), end))
    return tuple(found)


def entries(events: Sequence[Event]) -> tuple[Entry, ...]:
    """Return every event, with what its detail says in words."""
    zero = origin(events)
    return tuple(
        Entry(
            at=_since(event.at, zero),
            wall=event.wall,
            phase=phase,
            kind=event.kind,
            name=value_words(event.name),
            ok=event.ok,
            more=_more(event),
        )
        for event, phase in _phased(events)
    )


def _more(event: Event) -> str:
    detail = event.detail
    if event.kind == "command":
        return f"exit {detail.get('exit')}, {_seconds(detail.get('seconds'))}"
    if event.kind == "check":
        expected, seen = value_words(detail.get("expected")), value_words(detail.get("seen"))
        return "" if event.ok else f"expected {expected}, seen {seen}"
    if event.kind == "published":
        return f"on {', '.join(map(str, detail.get('clouds', ())))}"
    if event.kind in ("begun", "configured"):
        return ""
    named = ("what", "why", "message") if event.kind != "fault" else ("target",)
    shown = [value_words(detail[name]) for name in named if detail.get(name)]
    return "; ".join(shown)


def _seconds(value: Any) -> str:
    return f"{value:g} s" if isinstance(value, int | float) else "unknown time"


def checks(events: Sequence[Event]) -> tuple[Check, ...]:
    """Return what had to hold."""
    zero = origin(events)
    return tuple(
        Check(
            at=_since(event.at, zero),
            phase=phase,
            name=value_words(event.name),
            ok=bool(event.ok),
            expected=value_words(event.detail.get("expected")),
            seen=value_words(event.detail.get("seen")),
        )
        for event, phase in _phased(events)
        if event.kind == "check"
    )


def commands(events: Sequence[Event]) -> tuple[Command, ...]:
    """Return the commands; an event is noted at the end of one, here is its beginning."""
    zero = origin(events)
    found = []
    for event, phase in _phased(events):
        if event.kind != "command":
            continue
        detail = event.detail
        seconds = float(detail.get("seconds") or 0.0)
        code = detail.get("exit")
        printed = [f"commands/{detail[name]}" for name in ("stdout", "stderr") if detail.get(name)]
        found.append(
            Command(
                at=_since(event.at - seconds, zero),
                phase=phase,
                name=value_words(event.name),
                exit=code if isinstance(code, int) else None,
                seconds=seconds,
                files=tuple(printed),
            )
        )
    return tuple(found)


def publishes(events: Sequence[Event], integrity: Integrity | None) -> tuple[Publish, ...]:
    """Return acknowledged publishes and where they are missing; nowhere if nobody looked."""
    zero = origin(events)
    held = integrity.versions if integrity else {}
    became = standing(published(events), integrity) if integrity else []
    now = {(each.event.name, each.digest): each.now for each in became}
    found = []
    for event in events:
        if event.kind != "published":
            continue
        digest = str(event.detail.get("digest", ""))
        clouds = tuple(map(str, event.detail.get("clouds", ())))
        other = now.get((event.name, digest), "")
        missing = [each for each in clouds if held.get(each, {}).get(event.name) != digest]
        found.append(
            Publish(
                at=_since(event.at, zero),
                name=event.name,
                digest=digest,
                clouds=clouds,
                missing=tuple(missing) if integrity and not other else (),
                now=other,
            )
        )
    return tuple(found)


def rollback(events: Sequence[Event]) -> Rollback:
    """Return what was undone."""
    undone = [each for each in events if each.kind == "rollback"]
    failed = tuple(each.name for each in undone if each.ok is False)
    done = tuple(each.name for each in undone if each.ok is not False)
    return Rollback(not failed, done, failed)


def value_words(value: Any) -> str:
    """Return a value in one line: text as it is, all else as JSON; without somebody's folders."""
    if isinstance(value, str):
        shown = value
    elif value is None:
        shown = ""
    else:
        shown = json.dumps(value, ensure_ascii=False, sort_keys=True)
    line = _PATH.sub("…/", " ".join(shown.split()))
    return line if len(line) <= _LONG else f"{line[: _LONG - 1]}…"
