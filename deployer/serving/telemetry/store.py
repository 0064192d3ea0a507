"""Numbers of one process in files that another process sums: prometheus_client's multiprocess mode.

The files have the layout of ``prometheus_client.mmap_dict``, so that its reader merges them
(https://prometheus.github.io/client_python/multiprocess/), but are written without its metric
classes: these ask for the process's id, take a lock and look a key up at every step, and a request
takes six steps. Here a step is one store into mapped memory.
"""

import mmap
import os
import struct
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any

__all__ = ["OTHER", "Cell", "Family", "Histogram", "Store"]

OTHER = "(other)"

_SIZE = struct.Struct("i")
_HEADER = 8
_CAPACITY = 1024 * 1024


class Cell:
    """One series' value, and when it was set. Not safe to change from two threads at once."""

    __slots__ = ("_at", "_view")

    def __init__(self, view: Any, at: int) -> None:
        self._view = view
        self._at = at

    @property
    def value(self) -> float:
        """The value now."""
        return float(self._view[self._at])

    def add(self, amount: float) -> None:
        """Raise the value."""
        self._view[self._at] += amount

    def set(self, value: float, moment: float = 0.0) -> None:
        """Replace the value; `moment` in seconds decides which process's counts, if one does."""
        self._view[self._at] = value
        self._view[self._at + 1] = moment


class _File:
    """Keys and their doubles in a mapped file.

    Layout: int32 bytes used, 4 bytes of nothing, then per series int32 length of the key, the key
    in UTF-8, spaces up to a multiple of 8, the value and its moment as doubles; all native.
    """

    def __init__(self, path: Path) -> None:
        self._places: dict[str, int] = {}
        self._file = path.open("a+b")
        self._map(max(path.stat().st_size, _CAPACITY))
        # What an earlier process of the same id wrote stays: a reader adds up what is there twice.
        self._used = max(_SIZE.unpack_from(self._memory)[0], _HEADER)
        _SIZE.pack_into(self._memory, 0, self._used)

    def _map(self, capacity: int) -> None:
        self._file.truncate(capacity)
        # Cells made before keep the earlier mapping: it is of the same pages.
        self._memory = mmap.mmap(self._file.fileno(), capacity)
        self._doubles = memoryview(self._memory).cast("d")
        self._capacity = capacity

    def cell(self, key: str) -> Cell:
        place = self._places.get(key)
        if place is None:
            text = key.encode()
            text += b" " * (8 - (len(text) + _SIZE.size) % 8)
            place = self._used + _SIZE.size + len(text)
            while place + 16 > self._capacity:
                self._map(2 * self._capacity)
            self._memory[self._used + _SIZE.size : place] = text
            _SIZE.pack_into(self._memory, self._used, len(key.encode()))
            self._used = place + 16
            # Last: a reader believes what is before this.
            _SIZE.pack_into(self._memory, 0, self._used)
            self._places[key] = place
        return Cell(self._doubles, place // 8)

    def close(self) -> None:
        self._file.close()


class Store:
    """Where numbers of this process go.

    Args:
        folder: that other processes read; None keeps the numbers in this process.
        part: of the process's numbers, if they are in several stores; letters and digits.

    """

    def __init__(self, folder: Path | None, part: str = "") -> None:
        self._folder = folder
        self._name = f"{os.getpid()}-{part}" if part else str(os.getpid())
        self._files: dict[str, _File] = {}
        self.lock = Lock()
        """For those that change cells from several threads."""

    def cell(self, kind: str, metric: str, series: str, labels: dict[str, str], help: str) -> Cell:
        """Return the cell of a series, made if there is none; see `Family` for the arguments."""
        if self._folder is None:
            return Cell(array("d", (0.0, 0.0)), 0)
        from prometheus_client.mmap_dict import mmap_key  # noqa: PLC0415 - slow to import

        if kind not in self._files:
            self._files[kind] = _File(self._folder / f"{kind}_{self._name}.db")
        return self._files[kind].cell(
            mmap_key(metric, series, list(labels), list(labels.values()), help)
        )

    def close(self) -> None:
        """Let go of the files; the numbers stay in them."""
        for file in self._files.values():
            file.close()
        self._files.clear()

    def remove(self) -> None:
        """Close, and take the numbers out of what is read."""
        kinds = list(self._files)
        self.close()
        if self._folder is not None:
            for kind in kinds:
                (self._folder / f"{kind}_{self._name}.db").unlink(missing_ok=True)


class Family:
    """A metric and its series: at most `limit`, further ones count as one whose labels are OTHER.

    Args:
        store: where the numbers go.
        kind: ``counter``, or ``gauge_`` and how gauges of several processes become one.
        name: of the metric; a counter's ends in ``_total``.
        help: what it counts, for people.
        labels: names.
        limit: most series.

    """

    def __init__(
        self,
        store: Store,
        kind: str,
        name: str,
        help: str,
        labels: Sequence[str] = (),
        limit: int = 1000,
    ) -> None:
        self._store = store
        self._kind = kind
        self._series = name
        # In the files a counter's metric is named without the suffix that its series has.
        self._name = name.removesuffix("_total") if kind == "counter" else name
        self._help = help
        self._labels = tuple(labels)
        self._limit = limit
        self._cells: dict[tuple[str, ...], Cell] = {}

    def at(self, *values: str) -> Cell:
        """Return the series with these values of the labels."""
        found = self._cells.get(values)
        return found if found is not None else self._make(values)

    def _make(self, values: tuple[str, ...]) -> Cell:
        if len(self._cells) >= self._limit:
            values = (OTHER,) * len(self._labels)
            if values in self._cells:
                return self._cells[values]
        labels = dict(zip(self._labels, values, strict=True))
        cell = self._store.cell(self._kind, self._name, self._series, labels, self._help)
        self._cells[values] = cell
        return cell


class Histogram:
    """One series of a histogram: the sum and the count of what was seen, bucket by bucket.

    Args:
        store: where the numbers go.
        name: of the metric.
        help: what it measures, for people.
        labels: name → value.
        bounds: ascending upper bounds of the buckets, each included; one more is without bound.

    """

    __slots__ = ("_bounds", "_buckets", "_sum")

    def __init__(
        self, store: Store, name: str, help: str, labels: dict[str, str], bounds: Sequence[float]
    ) -> None:
        self._bounds = tuple(bounds)
        self._sum = store.cell("histogram", name, f"{name}_sum", labels, help)
        # The files hold each bucket's own count; it is the reader that adds them up.
        self._buckets = [
            store.cell("histogram", name, f"{name}_bucket", {**labels, "le": bound}, help)
            for bound in (*(repr(float(each)) for each in bounds), "+Inf")
        ]

    def observe(self, value: float) -> None:
        """Count a value."""
        self._sum.add(value)
        self._buckets[bisect_left(self._bounds, value)].add(1)
