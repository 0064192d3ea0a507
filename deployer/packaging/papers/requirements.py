"""The exact versions of what it takes to load a model: the installed packages, and all they need.

Markers of requirements are evaluated for the Python and the platform that run. There are no
digests: what is installed does not say which archive it came from.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployer.errors import UsageError

if TYPE_CHECKING:
    from packaging.requirements import Requirement

__all__ = ["GROUPS", "Installed", "closure", "locked", "normal"]

GROUPS: Mapping[str, tuple[str, ...]] = {
    "serve": ("numpy", "onnxruntime"),
    "retrain": ("numpy", "pandas", "scikit-learn", "skops"),
}
"""What it takes to get answers from the ONNX file, and to load and fit the skops file."""

_WHY = {
    "serve": "to get answers from model.onnx",
    "retrain": "to load model.skops, to get answers from it, or to fit it again",
}


@dataclass(frozen=True)
class Installed:
    """One installed package.

    Attributes:
        name: normalised, such as ``scikit-learn``.
        version: as installed; empty if it is not.
        needs: normalised names of what it needs here, sorted.

    """

    name: str
    version: str
    needs: tuple[str, ...] = ()


def normal(name: str) -> str:
    """Return the normalised form of a package's name: PyPA's specification of names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def closure(roots: Iterable[str]) -> dict[str, Installed]:
    """Return `roots` and everything that they need, by normalised name, sorted.

    Args:
        roots: requirements without markers, such as ``numpy`` or ``moto[server]``.

    """
    from packaging.requirements import Requirement  # noqa: PLC0415 - slow to import

    extras: dict[str, set[str]] = {}
    found: dict[str, Installed] = {}
    waiting = [Requirement(root) for root in roots]
    while waiting:
        wanted = waiting.pop()
        name = normal(wanted.name)
        known = extras.setdefault(name, set())
        asked = {normal(extra) for extra in wanted.extras}
        if name in found and asked <= known:
            continue
        known |= asked
        version, needed = _installed(name, known)
        found[name] = Installed(
            name, version, tuple(sorted({normal(each.name) for each in needed}))
        )
        waiting += needed
    return dict(sorted(found.items()))


def _installed(name: str, extras: Iterable[str]) -> "tuple[str, list[Requirement]]":
    """Return the version of `name`, empty if it is not installed, and what it needs here."""
    from importlib import metadata  # noqa: PLC0415 - slow to import

    from packaging.requirements import Requirement  # noqa: PLC0415 - as above

    try:
        distribution = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return "", []
    needed = [Requirement(line) for line in distribution.requires or ()]
    return distribution.version, [each for each in needed if _applies(each, extras)]


def _applies(requirement: "Requirement", extras: Iterable[str]) -> bool:
    if requirement.marker is None:
        return True
    return any(requirement.marker.evaluate({"extra": extra}) for extra in ("", *sorted(extras)))


def locked(groups: Sequence[str] = ("serve", "retrain")) -> str:
    """Return a requirements file that pins what is installed for `groups` and all that they need.

    Each package is pinned once, in the first group that needs it, so that the lines of the first
    group are enough for it. What is not installed is a comment.

    Args:
        groups: names of :data:`GROUPS`.

    Raises:
        UsageError: no such group.

    """
    import platform  # noqa: PLC0415 - used here only

    unknown = [group for group in groups if group not in GROUPS]
    if unknown:
        raise UsageError(
            f"no group of requirements is called '{unknown[0]}'",
            hint=f"there are: {', '.join(GROUPS)}",
        )
    lines = [
        "# What the model was made with, exactly, and everything that these packages need.",
        f"# Python {platform.python_version()}; another one or another platform may need others.",
        "# Without digests: an installed package does not say which archive it came from.",
    ]
    pinned: set[str] = set()
    for group in groups:
        lines += ["", f"# {group}: {_WHY[group]}"]
        for name, each in closure(GROUPS[group]).items():
            if name not in pinned:
                lines.append(
                    f"{name}=={each.version}" if each.version else f"# {name}: not installed"
                )
            pinned.add(name)
    return "\n".join(lines) + "\n"
