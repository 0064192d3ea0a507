"""Labels that are safe and short enough, and numbers as people write them."""

import math
import re
import unicodedata

__all__ = ["clean", "compact", "count", "decimals", "fixed", "named", "percent", "shorten", "width"]

# What XML cannot hold, what moves text that is not its own (explicit bidirectional controls,
# Unicode Standard Annex 9), and what has no place in one line.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069"
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_SPACES = re.compile(r"[\t\n\r\u2028\u2029]")
_ELLIPSIS = "…"
_MISSING = "\u2013"


def clean(text: str) -> str:
    """Return `text` in one line, and without what XML cannot hold or what reorders its neighbours.

    Every such character becomes U+FFFD, line breaks become spaces. Escaping is not done here.
    """
    return _UNSAFE.sub("\ufffd", _SPACES.sub(" ", text))


def named(text: str) -> str:
    """Return `text`, cleaned; one that nobody would see is called blank."""
    shown = clean(text)
    return shown if shown.strip() else "(blank)"


def width(text: str) -> int:
    """Return about how wide `text` is, a Latin letter being one, an ideograph or emoji two."""
    return sum(map(_width, text))


def _width(letter: str) -> int:
    if unicodedata.combining(letter) or unicodedata.category(letter) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def shorten(text: str, most: int) -> str:
    """Return `text`, named and cut so that its width is at most `most`, an ellipsis included."""
    text = named(text)
    if width(text) <= most:
        return text
    kept, used = 0, 0
    for letter in text:
        used += _width(letter)
        if used > most - 1:
            break
        kept += 1
    # A joiner holds two emoji together: alone at the end it would join the ellipsis.
    return text[:kept].rstrip(" \u200d") + _ELLIPSIS


def fixed(value: float | None, places: int = 3) -> str:
    """Return a score such as ``0.987``; a dash if it is not defined."""
    if value is None or not math.isfinite(value):
        return _MISSING
    return _minus(f"{value:.{places}f}")


def percent(share: float | None, places: int = 1) -> str:
    """Return a share such as ``98.7%``; never ``100.0%`` or ``0.0%`` for what only is close."""
    if share is None or not math.isfinite(share):
        return _MISSING
    shown = f"{100 * share:.{places}f}"
    least = 10**-places
    if share < 1 and float(shown) >= 100:  # noqa: PLR2004 - per cent
        return f">{100 - least:.{places}f}%"
    if share > 0 and float(shown) == 0:
        return f"<{least:.{places}f}%"
    return _minus("100%" if share == 1 else f"{shown}%")


def count(number: int) -> str:
    """Return a whole number with thousands apart: ``12,345``."""
    return f"{number:,}"


def compact(value: float | None) -> str:
    """Return any number in at most about seven characters: ``0.0123``, ``42,130``, ``1.2e+09``."""
    if value is None or not math.isfinite(value):
        return _MISSING
    size = abs(value)
    if size and not 1e-4 <= size < 1e7:  # noqa: PLR2004 - as the name says
        return _minus(f"{value:.2g}")
    if size >= 1000 or float(value).is_integer():  # noqa: PLR2004
        # Four digits stay together: most of them are years.
        return _minus(f"{value:,.0f}" if size >= 10_000 else f"{value:.0f}")  # noqa: PLR2004
    return _minus(f"{value:.4g}")


def decimals(step: float) -> int:
    """Return how many decimal places tell multiples of `step` apart."""
    if step <= 0 or not math.isfinite(step):
        return 0
    return max(0, -math.floor(math.log10(step) + 1e-9))


def _minus(shown: str) -> str:
    # "-0.000" is no number that anybody writes.
    if shown.startswith("-"):
        return f"\u2212{shown[1:]}" if re.search("[1-9]", shown) else shown[1:]
    return shown
