"""What one cell says: whether it is missing, and the number or the moment it stands for.

These rules are the definition; :mod:`deployer.tables.columns` does the same to whole columns.
"""

import math
import re
from datetime import UTC, date, datetime, timedelta

__all__ = [
    "MISSING_MARKERS",
    "Cell",
    "has_comma",
    "is_missing",
    "parse_date",
    "parse_number",
    "seconds_of",
    "shortest_text",
]

# fmt: off
MISSING_MARKERS = ("", "#N/A", "<NA>", "N/A", "NA", "NAN", "NULL", "NaN", "None", "n/a", "nan", "null")
# fmt: on
_MISSING = frozenset(MISSING_MARKERS)

Cell = str | float | bool | date | None

# ISO 8601's extended format; what Arrow reads, and fractions of any length.
_DATE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[ T](\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?"
    r"(Z|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECONDS = 1_000_000


def is_missing(cell: Cell) -> bool:
    """Return whether `cell` holds no value."""
    if cell is None:
        return True
    if isinstance(cell, str):
        return cell.strip() in _MISSING
    # Not a date either: pandas' NaT is a datetime that is not itself.
    return cell != cell  # noqa: PLR0124


def parse_number(text: str) -> float | None:
    """Return the number written in `text`, or None if it is not one; may be infinite."""
    # Python reads 1_000 as a number; no other program that reads CSV does.
    if "_" in text:
        return None
    try:
        return float(text)
    except ValueError:
        return None


def has_comma(text: str) -> bool:
    """Return whether `text` would be a number but for decimal or thousands commas."""
    return "," in text and parse_number(text.replace(",", "")) is not None


def parse_date(text: str) -> float | None:
    """Return the moment that `text` names in ISO 8601, or None if it is none.

    A date, such as ``2020-02-29``, or with a time: ``2020-02-29T13:05:09.25+01:00``. A blank may
    stand for the T; seconds and minutes may be left out; digits beyond microseconds are dropped.

    Returns:
        Seconds since 1970-01-01T00:00:00 UTC; without a zone, the time is taken as UTC.

    """
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0),
            int((fraction or "0")[:6].ljust(6, "0")), tzinfo=UTC,
        )  # fmt: skip
        return seconds_of(moment - _offset(zone))
    except (ValueError, OverflowError):
        return None


def _offset(zone: str | None) -> timedelta:
    if zone is None or zone == "Z":
        return timedelta()
    digits = zone[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 23 or minutes > 59:  # noqa: PLR2004 - a clock's
        raise ValueError(zone)
    offset = timedelta(hours=hours, minutes=minutes)
    return -offset if zone[0] == "-" else offset


def seconds_of(moment: date) -> float:
    """Return the seconds from 1970-01-01T00:00:00 UTC to `moment`, taken as UTC without a zone."""
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    passed = moment - _EPOCH
    return passed // timedelta(seconds=1) + passed.microseconds / _MICROSECONDS


def shortest_text(number: float) -> str:
    """Return `number` as text, a whole one without a point."""
    if math.isfinite(number) and number == int(number):
        return str(int(number))
    return repr(float(number))
