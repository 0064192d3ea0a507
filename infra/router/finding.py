"""What a lint found."""

from typing import Literal, NamedTuple

__all__ = ["Finding", "error", "warning"]


class Finding(NamedTuple):
    """One defect.

    Attributes:
        rule: its short name; the tables are in the modules `lint_…`.
        severity: an error loses requests in some fault; a warning may, or is a matter of taste.
        message: what is wrong, and where.
        hint: what to do.

    """

    rule: str
    severity: Literal["error", "warning"]
    message: str
    hint: str


def error(rule: str, message: str, hint: str) -> Finding:
    """Return a finding that must be mended."""
    return Finding(rule, "error", message, hint)


def warning(rule: str, message: str, hint: str) -> Finding:
    """Return a finding to think about."""
    return Finding(rule, "warning", message, hint)
