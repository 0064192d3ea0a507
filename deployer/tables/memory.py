"""What reading a table takes, and what the machine or its container has left."""

import os
from pathlib import Path

from deployer.errors import UsageError
from deployer.tables.table import Format

__all__ = ["available_memory", "check_memory", "count_cells", "needed_memory", "room"]

# Peak memory of reading, preparing and encoding a table per byte of its text and per cell: two
# numbers that fit what was measured on a million rows each of long and short numbers, categories
# and prose. Numbers take less (down to 0.45 of the estimate), prose more (up to 1.6). A cell costs
# its place in Arrow's columns, in the model's arrays and in the data frame.
_PER_BYTE = 3
_PER_CELL = 24

_GIB = 1 << 30
_SEPARATORS: dict[Format, bytes] = {"csv": b",\n", "jsonl": b":"}


def needed_memory(size: int, cells: int) -> int:
    """Return how many bytes it takes to train on a table of `size` bytes of text in `cells` cells."""
    return _PER_BYTE * size + _PER_CELL * cells


def count_cells(head: bytes, format: Format, size: int) -> int:
    """Return about how many cells a file of text has, judged by its first bytes.

    Args:
        head: the start of the file.
        format: of the file.
        size: of the whole file, in bytes.

    """
    found = sum(head.count(each) for each in _SEPARATORS.get(format, b""))
    return found * size // max(len(head), 1)


def check_memory(
    size: int, cells: int, *, name: str, memory: int | None, sample: int | None
) -> None:
    """Check that a table has room.

    Args:
        size: bytes of its text, uncompressed.
        cells: how many it has.
        name: what to call it in messages.
        memory: bytes that may be used; None if nobody knows.
        sample: rows to keep; a sample needs no room for the whole table.

    Raises:
        UsageError: it has not.

    """
    if memory is None or sample is not None:
        return
    needed = needed_memory(size, cells)
    if needed > memory:
        raise UsageError(
            f"needs about {needed / _GIB:.1f} GiB of memory, and {memory / _GIB:.1f} GiB are free",
            where=name,
            hint="read a part of it with --sample N, or save it with fewer columns, best as "
            "Parquet",
        )


def room(memory: int | None) -> int | None:
    """Return how many bytes of a table's columns there is room for."""
    return None if memory is None else memory // (_PER_BYTE + 1)


def available_memory(root: Path = Path("/")) -> int | None:
    """Return how many bytes this process may still take without swapping or being killed.

    That is the least of what Linux calls MemAvailable and of what the control groups of the
    process, version 1 or 2, allow beyond what they use. Pages of files that could be dropped do
    not count as used.

    Args:
        root: where ``proc`` and ``sys`` are.

    Returns:
        None if the system does not tell.

    """
    limits = [_machine(root), *_groups(root)]
    known = [limit for limit in limits if limit is not None]
    return max(min(known), 0) if known else None


def _machine(root: Path) -> int | None:
    for line in _lines(root / "proc/meminfo"):
        key, _, value = line.partition(":")
        if key == "MemAvailable":
            return int(value.split()[0]) * 1024
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def _groups(root: Path) -> list[int | None]:
    """Return what each control group of the process has left, from its own to the outermost."""
    left: list[int | None] = []
    for line in _lines(root / "proc/self/cgroup"):
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers == "":
            base, limit, used = root / "sys/fs/cgroup", "memory.max", "memory.current"
        elif "memory" in controllers.split(","):
            base = root / "sys/fs/cgroup/memory"
            limit, used = "memory.limit_in_bytes", "memory.usage_in_bytes"
        else:
            continue
        # Inside a container the path may be the host's; the group is then the mount itself.
        group = base / path.strip("/")
        for each in (group, *group.parents):
            left.append(_left(each, limit, used))
            if each == base:
                break
    return left


def _left(group: Path, limit: str, used: str) -> int | None:
    most, now = _number(group / limit), _number(group / used)
    if most is None or now is None:
        return None
    droppable = 0
    for line in _lines(group / "memory.stat"):
        key, _, value = line.partition(" ")
        if key in {"inactive_file", "total_inactive_file"}:
            droppable = max(droppable, int(value))
    return most - max(now - droppable, 0)


def _number(path: Path) -> int | None:
    lines = _lines(path)
    # "max" is no limit.
    return int(lines[0]) if lines and lines[0].isdigit() else None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
