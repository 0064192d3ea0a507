"""What went wrong in a program, in one line."""

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi.config import ConfigMissingError

from infra.review.child.configuration import CannotFollowError
from infra.review.child.guard import Refusal, RefusedError
from infra.review.child.marks import Marks
from infra.review.child.places import Places

__all__ = ["told"]

_LONGEST = 500
_LINES = 4

# Packages that are not called as what they install.
_PACKAGES = {"yaml": "pyyaml", "PIL": "pillow", "dotenv": "python-dotenv", "git": "gitpython"}


def told(
    error: BaseException,
    *,
    refusals: Sequence[Refusal],
    marks: Marks,
    places: Places,
    asked: Mapping[tuple[str, str], dict[str, Any] | None],
    stack: str,
) -> CannotFollowError | None:
    """Return what is told of an exception that ended a program; None if that was its end.

    Args:
        error: the exception.
        refusals: what the program was refused before.
        marks: of the program; no secret is told.
        places: of the program.
        asked: type and name of a resource → the line that asked for it.
        stack: that the program is run as.

    """
    place = places.raised(error)
    if refusals and _refused(error):
        kind, message, at = refusals[-1]
        return CannotFollowError(kind, message, at or place)
    if isinstance(error, SystemExit):
        if not error.code:
            return None
        code = marks.tell(str(error.code))
        return CannotFollowError("program", f"the program ended itself: exit({code})", place)
    if isinstance(error, ConfigMissingError):
        return CannotFollowError(
            "missing",
            f"configuration {error.key} is missing: write `{error.key}: VALUE` "
            f"below `config:` in Pulumi.{stack}.yaml",
            place,
        )
    if isinstance(error, ModuleNotFoundError) and error.name:
        package = error.name.partition(".")[0]
        name = _PACKAGES.get(package, package.replace("_", "-"))
        return CannotFollowError(
            "missing",
            f"the program imports {error.name}, which is not installed: pip install {name}",
            place,
        )
    if isinstance(error, SyntaxError):
        line = places.first([(error.filename or "", error.lineno or 0)])
        return CannotFollowError("program", f"{type(error).__name__}: {error.msg}", line or place)
    text = str(error)
    if place is None:
        said = (
            each for each in asked if f"resource: {each[1]!r}, type" in text and each[0] in text
        )
        place = asked.get(next(said, ("", "")))
    # The SDK wraps its own errors in lines that say less.
    text = marks.tell(text.rpartition("Error has risen: ")[2]).strip()
    first = " ".join(text.splitlines()[:_LINES])[:_LONGEST]
    message = f"{type(error).__name__}: {first}" if first else type(error).__name__
    return CannotFollowError("program", message, place)


def _refused(error: BaseException) -> bool:
    """Return whether an exception came of a refusal, however often it was wrapped."""
    waiting, seen = [error], set[int]()
    while waiting:
        each = waiting.pop()
        if isinstance(each, RefusedError):
            return True
        if id(each) not in seen:
            seen.add(id(each))
            waiting += [other for other in (each.__cause__, each.__context__) if other]
    return False
