"""What clients ask and are told, counted off the request's path by one thread.

Each piece of the thread's work is short, with a pause after it: a request that gives the interpreter
away, as every run of a model does, gets it back only when the piece is done.
"""

import hashlib
import logging
import threading
import time
from collections import Counter, deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployer.serving.models import Served
from deployer.serving.telemetry.store import OTHER, Family, Store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["Sampler"]

_LOG = logging.getLogger(__name__)

_PERIOD = 1.0
"""Seconds between two rounds of counting."""

_MAX_REQUESTS = 20_000
_MAX_CELLS = 4_000_000
"""How many numbers and texts may wait to be counted; at most some 32 MB of references."""

_LABELS = 100
_MOST_KNOWN = 20
_VERSIONS = 2
"""How many versions of a model keep their counts: what answers, and what did before."""

_FEW = 16
"""Labels that are counted at once: quicker than to hand them over."""

_CHUNK = 250
_PAUSE = 0.0005
"""Seconds between two columns, or chunks of labels, so that a request waits for one at most."""

# Without labels if these are counted already.
Item = tuple[Served, "Mapping[str, NDArray[Any]] | None", "NDArray[Any] | None"]


class _Version:
    """The counts of one version's columns.

    They are in files of their own, which go when the version does: edges of bins are labels, and
    with every version there are others.
    """

    def __init__(self, served: Served, folder: Path | None) -> None:
        from deployer.serving.telemetry.bins import reference  # noqa: PLC0415 - loads NumPy

        self.digest = served.digest
        package = served.package
        self.bins = reference(package.files, package.schema.inputs)
        part = hashlib.sha256(f"{served.name}@{served.digest}".encode()).hexdigest()[:16]
        self.store = Store(folder, part)
        labels = ("model", "digest", "feature", "bin")
        seen = Family(
            self.store, "counter", "deployer_feature_rows_total",
            "Sampled rows by the bin, of the rows fitted on, that a column's value is in.",
            labels, 10_000,
        )  # fmt: skip
        fitted = Family(
            self.store, "gauge_max", "deployer_feature_reference_rows",
            "Rows that the model was fitted on, by the same bins.", labels, 10_000,
        )  # fmt: skip
        digest = f"sha256:{served.digest}"
        self.cells = []
        for each in self.bins:
            self.cells.append([seen.at(served.name, digest, each.name, b) for b in each.labels])
            for label, rows in zip(each.labels, each.rows, strict=True):
                fitted.at(served.name, digest, each.name, label).set(rows)


class Sampler:
    """A bounded queue and the thread that empties it.

    Args:
        folder: of the files; None counts in this process only.

    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._queue: deque[Item] = deque()
        self._cells = 0
        self._refused = 0
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()
        self._turn = threading.Lock()
        self._versions: dict[str, list[_Version]] = {}
        self._known: dict[str, frozenset[str]] = {}
        self._counting = threading.Lock()
        self._store = store = Store(folder, "sampled")
        self._predictions = Family(
            store, "counter", "deployer_predictions_total", "Rows answered with a label.",
            ("model", "label"), 20 * _LABELS,
        )  # fmt: skip
        self._rows = Family(
            store, "counter", "deployer_drift_sampled_rows_total",
            "Rows whose columns were counted for drift.", ("model",), 100,
        )  # fmt: skip
        self._dropped = Family(
            store, "counter", "deployer_drift_dropped_total",
            "Requests that came too fast to be counted for drift and predictions.",
        ).at()  # fmt: skip

    def offer(
        self,
        served: Served,
        arrays: "Mapping[str, NDArray[Any]] | None",
        labels: "NDArray[Any]",
        places: "NDArray[Any] | None" = None,
    ) -> None:
        """Hand over what a request asked and was told; dropped if too much is waiting."""
        counted = True
        if len(labels) <= _FEW:
            self._count(served, labels.tolist())
        elif places is not None:
            self._count_places(served, places)
        else:
            counted = False
        if counted and arrays is None:
            return
        cells = self._cells + len(labels) * (1 if arrays is None else 1 + len(arrays))
        if cells > _MAX_CELLS or len(self._queue) >= _MAX_REQUESTS:
            self._refused += 1
            return
        # Two threads at once may lose a few of these: the bound is still a bound.
        self._cells = cells
        self._queue.append((served, arrays, None if counted else labels))
        if self._thread is None:
            self._start()

    def _start(self) -> None:
        with self._turn:
            if self._thread is None and not self._ended.is_set():
                self._thread = threading.Thread(
                    target=self._run, name="deployer-sampler", daemon=True
                )
                self._thread.start()

    def _run(self) -> None:
        while not self._ended.wait(_PERIOD):
            try:
                self.flush()
            except Exception:  # noqa: BLE001 - whatever it is
                # A sample that cannot be counted must not end the counting of later ones.
                _LOG.exception("cannot count a sample of requests")

    def flush(self) -> None:
        """Count what is waiting."""
        with self._turn:
            self._cells = 0
            refused, self._refused = self._refused, 0
            if refused:
                self._dropped.add(refused)
            sampled: dict[str, tuple[Served, list[Mapping[str, NDArray[Any]]]]] = {}
            waiting = len(self._queue)
            while waiting > 0:
                rows = 0
                while waiting > 0 and rows < _CHUNK:
                    served, arrays, labels = self._queue.popleft()
                    waiting -= 1
                    rows += 1 if labels is None else len(labels)
                    if labels is not None:
                        self._count(served, labels.tolist())
                    if arrays is not None:
                        sampled.setdefault(served.digest, (served, []))[1].append(arrays)
                time.sleep(_PAUSE)
            for served, several in sampled.values():
                self._count_columns(served, several)

    def _count(self, served: Served, labels: list[str]) -> None:
        self._count_rows(served, {labels[0]: 1} if len(labels) == 1 else Counter(labels))

    def _known_labels(self, served: Served) -> frozenset[str]:
        known = self._known.get(served.digest)
        if known is None:
            known = frozenset(served.package.schema.outputs.label.classes[:_LABELS])
            if len(self._known) >= _MOST_KNOWN:
                self._known = {}
            self._known[served.digest] = known
        return known

    def _count_rows(self, served: Served, counts: "Mapping[str, int]") -> None:
        known = self._known_labels(served)
        with self._counting:
            for label, rows in counts.items():
                self._predictions.at(served.name, label if label in known else OTHER).add(rows)

    def _count_places(self, served: Served, places: "NDArray[Any]") -> None:
        import numpy as np  # noqa: PLC0415 - slow to import

        classes = served.package.schema.outputs.label.classes
        rows = np.bincount(places, minlength=len(classes)).tolist()
        self._count_rows(served, {c: n for c, n in zip(classes, rows, strict=True) if n})

    def _count_columns(self, served: Served, sampled: "list[Mapping[str, NDArray[Any]]]") -> None:
        import numpy as np  # noqa: PLC0415 - slow to import

        from deployer.serving.telemetry.bins import count  # noqa: PLC0415 - loads NumPy

        version = self._version(served)
        joined = _joined(sampled)
        rows = 0
        for bins, cells in zip(version.bins, version.cells, strict=True):
            values = (
                np.concatenate([each[bins.name] for each in sampled])
                if joined is None
                else joined[bins.name]
            )
            rows = len(values)
            for cell, number in zip(cells, count(bins, values), strict=True):
                if number:
                    cell.add(number)
            time.sleep(_PAUSE)
        self._rows.at(served.name).add(rows)

    def _version(self, served: Served) -> _Version:
        versions = self._versions.setdefault(served.name, [])
        for version in versions:
            if version.digest == served.digest:
                return version
        version = _Version(served, self._folder)
        versions.append(version)
        for old in versions[:-_VERSIONS]:
            old.store.remove()
        del versions[:-_VERSIONS]
        return version

    def close(self) -> None:
        """Count what is waiting and end."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(5)
        self.flush()


def _joined(sampled: "Sequence[Mapping[str, NDArray[Any]]]") -> "Mapping[str, NDArray[Any]] | None":
    """Return all rows at once if they came as matrices: quicker than column by column."""
    from deployer.serving.matrix import MatrixColumns  # noqa: PLC0415 - loads NumPy

    matrices = [each for each in sampled if isinstance(each, MatrixColumns)]
    return MatrixColumns.joined(matrices) if len(matrices) == len(sampled) else None
