"""What is different between two versions, from their manifests alone; nothing is fetched."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from deployer.registry.format.records import File, Manifest

__all__ = ["NAMES", "Change", "Difference", "FileChange", "Kinship", "compare", "kinship"]

MAX_STEPS = 100
NAMES = ("name", "label", "path")  # by which the entries of a list are known, where they have one

Kind: TypeAlias = Literal["added", "removed", "changed", "renamed"]


@dataclass(frozen=True)
class FileChange:
    """A file that is not the same in both; a renamed one has the same content elsewhere."""

    kind: Kind
    before: File | None
    after: File | None


@dataclass(frozen=True)
class Change:
    """A value that is not the same in both.

    Attributes:
        name: where it is, such as ``inputs.year.dtype``.
        kind: whether it is in one of them only.
        before: in the first, as JSON.
        after: in the second, as JSON.

    """

    name: str
    kind: Kind
    before: Any
    after: Any

    @property
    def delta(self) -> float | None:
        """By how much a number rose; None for anything else."""
        if not (_is_number(self.before) and _is_number(self.after)):
            return None
        return float(self.after) - float(self.before)


@dataclass(frozen=True)
class Difference:
    """Everything that is different.

    Attributes:
        about: training data, source commit, residency, and whether there is a signature.

    """

    files: tuple[FileChange, ...]
    schema: tuple[Change, ...]
    metrics: tuple[Change, ...]
    frameworks: tuple[Change, ...]
    about: tuple[Change, ...]

    def __bool__(self) -> bool:
        return any((self.files, self.schema, self.metrics, self.frameworks, self.about))


def compare(before: Manifest, after: Manifest) -> Difference:
    """Return what is different between two manifests."""
    return Difference(
        files=tuple(_files(before.files, after.files)),
        schema=tuple(_values("", before.schema or {}, after.schema or {})),
        metrics=tuple(_values("", before.metrics or {}, after.metrics or {})),
        frameworks=tuple(_values("", before.frameworks, after.frameworks)),
        about=tuple(_values("", _about(before), _about(after))),
    )


def _about(manifest: Manifest) -> dict[str, Any]:
    return {
        "data": manifest.lineage.data,
        "commit": manifest.lineage.commit,
        "residency": list(manifest.residency),
        "signature": manifest.signature is not None,
    }


def _files(before: Sequence[File], after: Sequence[File]) -> Iterator[FileChange]:
    old, new = ({file.path: file for file in files} for files in (before, after))
    gone: dict[str, list[File]] = {}
    for path, file in reversed(old.items()):
        if path not in new:
            gone.setdefault(file.sha256, []).append(file)
    moved = {
        path: gone[file.sha256].pop()
        for path, file in new.items()
        if path not in old and gone.get(file.sha256)
    }
    left = (file.path for files in gone.values() for file in files)
    for path in sorted({*new, *left}):
        there, was = new.get(path), old.get(path)
        if there is None:
            yield FileChange("removed", was, None)
        elif path in moved:
            yield FileChange("renamed", moved[path], there)
        elif was is None:
            yield FileChange("added", None, there)
        elif was.sha256 != there.sha256:
            yield FileChange("changed", was, there)


def _values(at: str, before: Any, after: Any) -> Iterator[Change]:
    """Yield what is different below `at`; what is in one of the two only is one change."""
    old, new = _by_name(before), _by_name(after)
    if old is None or new is None:
        if before != after:
            yield Change(at, "changed", before, after)
        return
    for key in dict.fromkeys((*old, *new)):
        name = f"{at}.{key}" if at else key
        if key not in new:
            yield Change(name, "removed", old[key], None)
        elif key not in old:
            yield Change(name, "added", None, new[key])
        else:
            yield from _values(name, old[key], new[key])


def _by_name(value: Any) -> Mapping[str, Any] | None:
    """Return an object, or a list whose entries have names of their own, by name."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, list) or not value:
        return None
    for key in NAMES:
        names = [each.get(key) if isinstance(each, dict) else None for each in value]
        if all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
            return {str(name): each for name, each in zip(names, value, strict=True)}
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True)
class Kinship:
    """How two versions are related.

    Attributes:
        relation: what the first is to the second; ``unknown`` where the lineage is longer than
            is looked at, or part of it is gone.
        steps: versions from one to the other, if one comes from the other.

    """

    relation: Literal["same", "ancestor", "descendant", "unrelated", "unknown"]
    steps: int | None = None


Read = Callable[[str], Manifest | None]


def kinship(read: Read, first: tuple[str, Manifest], second: tuple[str, Manifest]) -> Kinship:
    """Return what the first version is to the second.

    Args:
        read: returns the manifest with a digest, or None if it is not there any more.
        first: digest and manifest.
        second: digest and manifest.

    """
    if first[0] == second[0]:
        return Kinship("same")
    down = _steps(read, second[1], first[0])
    if isinstance(down, int):
        return Kinship("ancestor", down)
    up = _steps(read, first[1], second[0])
    if isinstance(up, int):
        return Kinship("descendant", up)
    return Kinship("unrelated" if down == up == "no" else "unknown")


def _steps(read: Read, start: Manifest, wanted: str) -> int | Literal["no", "unknown"]:
    """Return how many steps the lineage of `start` takes to `wanted`."""
    parent = start.lineage.parent
    for step in range(1, MAX_STEPS + 1):
        if parent is None:
            return "no"
        if parent == wanted:
            return step
        manifest = read(parent)
        if manifest is None:
            return "unknown"
        parent = manifest.lineage.parent
    return "unknown"
