"""The tables of a report's page. Pure."""

from collections.abc import Sequence

from deployer.drills.report.model import Report
from deployer.drills.report.parts import Check
from deployer.drills.report.phrases import at_words, bytes_words, fate_words, seconds_words
from deployer.reports.blocks import Block, Table
from deployer.reports.charts.text import count

__all__ = [
    "checks_table",
    "clouds_tables",
    "commands_table",
    "evidence_table",
    "faults_table",
    "phases_table",
    "publishes_table",
    "timeline_table",
    "traffic_table",
    "versions_table",
]

_DIGEST = 16
_MANY = 14
_NONE = "\u2013"
_KINDS = {
    "begun": "drill",
    "phase": "phase",
    "accepted": "right from now on",
    "configured": "configuration",
    "fault": "fault",
    "mended": "mended",
    "command": "command",
    "check": "check",
    "published": "published",
    "detected": "noticed",
    "rollback": "rolled back",
    "note": "note",
    "error": "error",
}


def faults_table(report: Report) -> Table:
    """Return what was broken, and when it was ended."""
    rows = [
        (
            each.name,
            each.target or _NONE,
            at_words(each.begin),
            "by the recovery" if each.end is None else at_words(each.end),
            "" if each.end is None else seconds_words(each.end - each.begin),
        )
        for each in report.faults
    ]
    return Table(
        caption="Faults",
        head=("What was broken", "Target", "From", "Until", "For"),
        rows=rows or [("nothing", _NONE, "", "", "")],
        text=2,
    )


def phases_table(report: Report) -> Table:
    """Return requests by phase."""

    def shown(value: float | None) -> str:
        return seconds_words(None if value is None else value / 1000)

    rows = [
        (
            each.phase,
            at_words(each.begin),
            seconds_words(each.seconds),
            count(each.requests),
            count(each.failed),
            *(shown(value) for value in (each.p50, each.p95, each.p99, each.slowest)),
        )
        for each in report.figures.phases
    ]
    return Table(
        caption="Requests by phase",
        head=("Phase", "From", "Took", "Due", "Failed", "Median", "95%", "99%", "Slowest"),
        rows=rows,
        text=1,
        strong=frozenset(i for i, each in enumerate(report.figures.phases) if each.failed),
    )


def timeline_table(report: Report) -> Table:
    """Return every event."""
    marks = {True: "✓ ", False: "✗ ", None: ""}
    rows = [
        (
            at_words(each.at),
            each.phase or _NONE,
            _KINDS[each.kind],
            f"{marks[each.ok]}{each.name}",
            each.more or _NONE,
        )
        for each in report.timeline
    ]
    bad = {i for i, each in enumerate(report.timeline) if each.ok is False or each.kind == "error"}
    return Table(
        caption=f"All {len(rows)} events",
        head=("At", "Phase", "Kind", "What", "More"),
        rows=rows,
        text=5,
        strong=frozenset(bad),
        folded=len(rows) > _MANY,
    )


def checks_table(found: Sequence[Check], caption: str) -> Table:
    """Return checks with what was expected and seen."""
    return Table(
        caption=caption,
        head=("What must hold", "Result", "Expected", "Seen", "At"),
        rows=[
            (
                each.name,
                "✓\u00a0holds" if each.ok else "✗\u00a0fails",
                each.expected or _NONE,
                each.seen or _NONE,
                at_words(each.at),
            )
            for each in found
        ],
        text=4,
        strong=frozenset(i for i, each in enumerate(found) if not each.ok),
    )


def commands_table(report: Report) -> Table:
    """Return the commands that were run."""
    return Table(
        caption=f"{len(report.commands)} commands that were run",
        head=("Command", "Phase", "Printed in", "From", "Took", "Exit"),
        rows=[
            (
                each.name,
                each.phase,
                " ".join(each.files) or _NONE,
                at_words(each.at),
                seconds_words(each.seconds),
                "" if each.exit is None else str(each.exit),
            )
            for each in report.commands
        ],
        text=3,
        folded=True,
    )


def traffic_table(report: Report) -> Table:
    """Return what passed the fault proxy."""
    return Table(
        caption="What passed the fault proxy",
        head=("Before", "Requests", "Met by a fault", "No answer or 5xx", "Sent", "Received"),
        rows=[
            (
                each.listener,
                count(each.requests),
                count(each.changed),
                count(each.failed),
                bytes_words(each.sent),
                bytes_words(each.received),
            )
            for each in report.traffic
        ],
        text=1,
        folded=True,
    )


def clouds_tables(report: Report) -> list[Block]:
    """Return what each cloud holds, and what is damaged."""
    blocks: list[Block] = [
        Table(
            caption="What the clouds hold",
            head=("Cloud", "Objects", "Bytes", "With a promised digest", "Damaged"),
            rows=[
                (
                    each.cloud,
                    count(each.objects),
                    bytes_words(each.bytes),
                    count(each.promised),
                    count(len(each.damaged)),
                )
                for each in report.clouds
            ],
            text=1,
            strong=frozenset(i for i, each in enumerate(report.clouds) if each.damaged),
        )
    ]
    damaged = [
        (each.cloud, thing.key, thing.sha256, thing.promised)
        for each in report.clouds
        for thing in each.damaged
    ]
    if damaged:
        head = ("Cloud", "Object", "Has SHA-256", "Promised")
        blocks.append(Table(caption="Damaged objects", head=head, rows=damaged, text=4))
    return blocks


def publishes_table(report: Report) -> Table:
    """Return acknowledged publishes and where they are."""
    return Table(
        caption="Acknowledged publishes",
        head=("Version", "Acknowledged on", "In the end", "Digest", "At"),
        rows=[
            (
                each.name,
                ", ".join(each.clouds),
                fate_words(each.missing, each.now),
                f"{each.digest[:_DIGEST]}…",
                at_words(each.at),
            )
            for each in report.publishes
        ],
        text=4,
        strong=frozenset(i for i, each in enumerate(report.publishes) if each.missing),
    )


def versions_table(report: Report) -> Table:
    """Return which versions are wholly there, by cloud."""
    names = sorted({name for each in report.clouds for name in each.versions})
    return Table(
        caption="Versions that are wholly there, by the digest of their manifest",
        head=("Version", *(each.cloud for each in report.clouds)),
        rows=[
            (name, *(_short(each.versions.get(name, "")) for each in report.clouds))
            for name in names
        ],
        text=1 + len(report.clouds),
    )


def _short(digest: str) -> str:
    return f"{digest[:_DIGEST]}…" if digest else "not there"


def evidence_table(report: Report) -> Table:
    """Return the digests of the evidence."""
    return Table(
        caption="Raw evidence",
        head=("File", "SHA-256", "Bytes"),
        rows=[(each.path, each.sha256, count(each.bytes)) for each in report.evidence],
        text=2,
    )
