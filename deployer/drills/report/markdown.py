"""A report as GitHub-flavoured Markdown; data in it cannot link, mention or mark up. Pure."""

from collections.abc import Iterable, Sequence

from deployer.drills.report.model import Report
from deployer.drills.report.phrases import (
    AIMS,
    amount,
    at_words,
    bytes_words,
    counted,
    fate_words,
    seconds_words,
)
from deployer.reviewing.markup import code, plain, row, table_head

__all__ = ["grid", "report_markdown"]

_TOLD = frozenset({"fault", "mended", "detected", "published", "phase", "error", "rollback"})
_FILES = 60


def report_markdown(report: Report) -> str:
    """Return the report as Markdown."""
    about, run, figures = report.scenario, report.run, report.figures
    mark = "✅ passed" if report.passed else "❌ failed"
    number = f"{about.number}, " if about.number else ""
    parts = [
        f"# Drill {number}{plain(about.name)}: {mark}",
        f"{plain(about.title)}.",
        f"**{plain(report.verdict)}**",
        f"> {plain(report.disclaimer)}",
        "## Objectives",
        f"Must happen: {plain(about.must)}",
        _objectives(report),
        "## Findings",
        "\n".join(
            f"- {'❌' if f.level == 'failure' else '🔵'} {plain(f.text)}" for f in report.findings
        )
        or "Nothing was found that is not as it should be.",
        _listed("Deviations", report.deviations),
        _rollback(report),
        "## What happened",
        f"Times are seconds after the first fault ({plain(run.fault or 'there was none')}).",
        _faults(report),
        _timeline(report),
        *_requests(report),
        "## Checks",
        _checks(report),
        "## Integrity",
        *_integrity(report),
        "## Scenario",
        _facts(
            (
                ("Why", about.why),
                ("Scope", about.scope),
                ("Not part of it", about.excluded),
                ("Proves", ", ".join(about.protects)),
            )
        ),
        "## Run",
        _facts(
            (
                ("Began", run.began),
                ("Took", seconds_words(run.seconds)),
                ("Operator", run.operator),
                ("Platform", run.platform),
                ("Commit", run.commit),
                ("Noticed by", figures.detected_by),
                *((name, version) for name, version in run.versions.items()),
                *((f"SHA-256 of {name}", digest) for name, digest in run.configuration.items()),
            )
        ),
        "## Evidence",
        _evidence(report),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def grid(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[str] = ()) -> str:
    """Return a table; its cells are Markdown already. Nothing if there are no rows."""
    lines = [row(each) for each in rows]
    return "\n".join((table_head(head, numbers), *lines)) if lines else ""


def _objectives(report: Report) -> str:
    words = {True: "✅ met", False: "❌ missed", None: "no objective"}
    return grid(
        ("Objective", "At most", "Measured", "Result"),
        (
            (AIMS[a.name], amount(a.name, a.wanted), amount(a.name, a.got), words[a.met])
            for a in report.objectives
        ),
        ("At most", "Measured"),
    )


def _listed(title: str, texts: Sequence[str]) -> str:
    if not texts:
        return f"{title}: none."
    return f"{title}:\n\n" + "\n".join(f"- {plain(each)}" for each in texts)


def _rollback(report: Report) -> str:
    if report.rollback.failed:
        return _listed("Not rolled back", report.rollback.failed)
    return "Rollback: complete."


def _faults(report: Report) -> str:
    return grid(
        ("Fault", "Target", "From", "Until"),
        (
            (
                plain(each.name),
                code(each.target) if each.target else "",
                at_words(each.begin),
                "by the recovery" if each.end is None else at_words(each.end),
            )
            for each in report.faults
        ),
        ("From", "Until"),
    )


def _timeline(report: Report) -> str:
    return grid(
        ("At", "Kind", "What", "More"),
        (
            (at_words(each.at), each.kind, plain(each.name), plain(each.more))
            for each in report.timeline
            if each.kind in _TOLD or each.ok is False
        ),
        ("At",),
    )


def _requests(report: Report) -> list[str]:
    figures = report.figures
    if not figures.requests:
        return []
    kinds = ", ".join(f"{number:,} {name}" for name, number in figures.kinds.items())

    def shown(value: float | None) -> str:
        return seconds_words(None if value is None else value / 1000)

    table = grid(
        ("Phase", "Due", "Failed", "Median", "95%", "99%", "Slowest"),
        (
            (
                each.phase,
                f"{each.requests:,}",
                f"{each.failed:,}",
                *(shown(value) for value in (each.p50, each.p95, each.p99, each.slowest)),
            )
            for each in figures.phases
        ),
        ("Due", "Failed", "Median", "95%", "99%", "Slowest"),
    )
    failed = f"{figures.failed:,} of {counted(figures.requests, 'request')} failed"
    return [f"{failed}{f': {plain(kinds)}' if kinds else ''}.", table]


def _checks(report: Report) -> str:
    return grid(
        ("Result", "Phase", "What must hold", "Seen"),
        (
            ("✅" if each.ok else "❌", each.phase, plain(each.name), plain(each.seen))
            for each in report.checks
        ),
    ) or "None."  # fmt: skip


def _integrity(report: Report) -> list[str]:
    if not report.clouds:
        return ["What the clouds hold was not read."]
    clouds = grid(
        ("Cloud", "Objects", "Bytes", "Damaged", "Versions"),
        (
            (
                each.cloud,
                f"{each.objects:,}",
                bytes_words(each.bytes),
                f"{len(each.damaged):,}",
                ", ".join(map(code, each.versions)),
            )
            for each in report.clouds
        ),
        ("Objects", "Bytes", "Damaged"),
    )
    publishes = grid(
        ("Acknowledged", "On", "In the end"),
        (
            (
                code(each.name),
                ", ".join(each.clouds),
                plain(fate_words(each.missing, each.now)).replace("✗", "❌").replace("✓", "✅"),
            )
            for each in report.publishes
        ),
    )
    return [clouds, publishes]


def _facts(pairs: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"- **{plain(name)}**: {plain(value)}" for name, value in pairs if value)


def _evidence(report: Report) -> str:
    signed = (
        f"Signed: {code(report.signature)}." if report.signature else "This report is not signed."
    )
    shown = report.evidence[:_FILES]
    more = len(report.evidence) - len(shown)
    table = grid(
        ("File", "Bytes", "SHA-256"),
        ((code(e.path), f"{e.bytes:,}", code(e.sha256)) for e in shown),
        ("Bytes",),
    )
    rest = f"… and {more} more in `evidence.sha256`." if more else ""
    return "\n\n".join(filter(None, (signed, table, rest)))
