"""The results as Markdown, with the goals beside what was seen."""

from collections.abc import Mapping

from benchmarks.serving.contenders import DEPLOYER_NAME
from benchmarks.serving.load import Load
from benchmarks.serving.rounds import Figures

__all__ = ["COMPARED_WITH", "goals", "load_table", "start_table"]

MIB = 1024 * 1024
COMPARED_WITH = "mlserver"
GOALS = {1: 10.0, 1000: 5.0}  # rows of a request → times the requests per second of MLServer
P99_GOAL = 0.010  # seconds, for one row


def ratio(load: Load | None, base: Load | None) -> str:
    """Return how many times as many requests a second as another server answers."""
    return f"{load.rate / base.rate:.1f}" if load and base and base.rate else "-"


def load_table(title: str, size: int, found: Mapping[str, Figures]) -> str:
    """Return one line per server under load with requests of `size` rows."""
    base = found[COMPARED_WITH].load(size) if COMPARED_WITH in found else None
    lines = [
        f"\n## {title}\n",
        "| | requests/s | times MLServer | p50 | p99 | longest | failed |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name, figures in found.items():
        load = figures.load(size)
        if load is None:
            lines.append(f"| {name} | {_reason(figures)} | | | | | |")
            continue
        lines.append(
            f"| {name} | {_number(load.rate)} | {ratio(load, base)} | {_ms(load.p50)} "
            f"| {_ms(load.p99)} | {_ms(load.longest)} | {load.failed} |"
        )
    return "\n".join(lines) + "\n"


def start_table(found: Mapping[str, Figures]) -> str:
    """Return one line per server: its cold start and its memory."""
    lines = [
        "\n## Cold start to the first answer, and memory after the load\n",
        "| | first answer | resident, all processes | shared pages counted once |",
        "|---|--:|--:|--:|",
    ]
    for name, figures in found.items():
        if not figures.cold:
            lines.append(f"| {name} | {_reason(figures)} | | |")
            continue
        resident, shares = figures.memory
        cold = sorted(figures.cold)[len(figures.cold) // 2]
        lines.append(
            f"| {name} | {cold:.2f} s | {resident / MIB:.0f} MiB | {shares / MIB:.0f} MiB |"
        )
    return "\n".join(lines) + "\n"


def goals(found: Mapping[str, Figures]) -> str:
    """Return what was aimed at, what was seen, and whether that is enough."""
    lines = ["\n## Goals\n", "| | goal | seen | |", "|---|--:|--:|---|"]
    ours, theirs = found.get(DEPLOYER_NAME, Figures()), found.get(COMPARED_WITH, Figures())
    for size, goal in GOALS.items():
        load, base = ours.load(size), theirs.load(size)
        rows = "one row" if size == 1 else f"{size:,} rows"
        if load and base:
            times = load.rate / base.rate
            lines.append(
                f"| {rows}, requests/s, times MLServer | ≥ {goal:.0f} | {times:.1f} "
                f"| {_met(times >= goal)} |"
            )
        else:
            lines.append(
                f"| {rows}, requests/s, times MLServer | ≥ {goal:.0f} | - | not measured |"
            )
    load = ours.load(1)
    if load:
        lines.append(
            f"| one row, p99 | ≤ {_ms(P99_GOAL)} | {_ms(load.p99)} | {_met(load.p99 <= P99_GOAL)} |"
        )
        lines.append(f"| failed requests | 0 | {load.failed} | {_met(load.failed == 0)} |")
    return "\n".join(lines) + "\n"


def _met(reached: bool) -> str:
    return "met" if reached else "missed"


def _reason(figures: Figures) -> str:
    """Return why a server has no figures, as one cell of a table."""
    first = (figures.failure.splitlines() or ["not measured"])[0]
    return first.replace("|", "/")[:120]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _ms(seconds: float) -> str:
    milliseconds = seconds * 1000
    return f"{milliseconds:.0f} ms" if milliseconds >= 100 else f"{milliseconds:.1f} ms"
