"""Numbers as people write them. Pure."""

from collections.abc import Sequence

from deployer.reports.charts.text import compact, count

__all__ = ["AIMS", "amount", "at_words", "bytes_words", "counted", "fate_words", "seconds_words"]

AIMS = {
    "rto": "Recovery time (RTO)",
    "rpo": "Acknowledged publishes lost (RPO)",
    "max_failed": "Failed requests",
    "slowest": "Slowest request",
}
_IN_SECONDS = frozenset({"rto", "slowest"})
_MINUTE, _HOUR = 60, 3600
_KIB = 1024


def seconds_words(value: float | None) -> str:
    """Return a time such as ``8.4 ms``, ``0.41 s`` or ``12 min 5 s``; a dash for None."""
    if value is None:
        return "\u2013"
    if abs(value) < 0.1:  # noqa: PLR2004 - from here on milliseconds are easier to read
        return f"{compact(float(f'{value * 1000:.2g}'))} ms"
    if abs(value) < _MINUTE:
        return f"{compact(float(f'{value:.3g}'))} s"
    minutes, seconds = divmod(round(value), _MINUTE)
    if minutes < _MINUTE:
        return f"{minutes} min {seconds} s"
    hours, minutes = divmod(minutes, _MINUTE)
    return f"{hours} h {minutes} min"


def at_words(value: float) -> str:
    """Return a moment relative to the fault, such as ``+0.413 s``."""
    shown = f"{abs(value):.3f} s"
    sign = "\u2212" if value < 0 and shown != "0.000 s" else "+"
    return f"{sign}{shown}"


def amount(name: str, value: float | None) -> str:
    """Return an objective's limit or figure with its unit; a dash for None."""
    if value is None:
        return "\u2013"
    return seconds_words(value) if name in _IN_SECONDS else count(round(value))


def counted(number: int, what: str, plural: str = "") -> str:
    """Return ``1 request``, ``2 requests``."""
    return f"{count(number)} {what if number == 1 else plural or f'{what}s'}"


def fate_words(missing: Sequence[str], now: str) -> str:
    """Return what became of an acknowledged publish, with a mark."""
    if missing:
        return f"\u2717 missing on {', '.join(missing)}"
    return f"\u2713 whole on all, as {now}" if now else "\u2713 whole on all"


def bytes_words(size: float) -> str:
    """Return a size in binary units, such as ``1.5 MiB``."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < _KIB:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= _KIB
    return f"{size:.1f} TiB"
