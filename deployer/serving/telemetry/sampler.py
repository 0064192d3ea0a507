"""What clients ask and are told, counted off the request's path by one thread."""

import hashlib
import logging
import threading
import time
from collections import Counter, deque
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployer.serving.models import Served
from deployer.serving.telemetry.store import OTHER, Family, Store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["Sampler"]

_LOG = logging.getLogger(__name__)

_PERIOD = 1.0
"""Seconds between two rounds of counting."""

_MAX_REQUESTS = 20_000
_MAX_CELLS = 4_000_000
"""How many numbers and texts may wait to be counted; at most some 32 MB of references."""

_LABELS = 100
_VERSIONS = 2
"""How many versions of a model keep their counts: what answers, and what did before."""

_CHUNK = 500
_PAUSE = 0.0005
"""Seconds between two columns, or chunks of labels, so that a request waits for one at most."""

Item = tuple[Served, "Mapping[str, NDArray[Any]] | None", "NDArray[Any]"]


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
    ) -> None:
        """Hand over what a request asked and was told; dropped if too much is waiting."""
        cells = self._cells + len(labels) * (1 if arrays is None else 1 + len(arrays))
        if cells > _MAX_CELLS or len(self._queue) >= _MAX_REQUESTS:
            self._refused += 1
            return
        # Two threads at once may lose a few of these: the bound is still a bound.
        self._cells = cells
        self._queue.append((served, arrays, labels))
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
            items = [self._queue.popleft() for _ in range(len(self._queue))]
            refused, self._refused = self._refused, 0
            if refused:
                self._dropped.add(refused)
            by_version: dict[tuple[str, str], list[Item]] = {}
            for item in items:
                by_version.setdefault((item[0].name, item[0].digest), []).append(item)
            for group in by_version.values():
                self._count_labels(group)
                sampled = [arrays for _, arrays, _ in group if arrays is not None]
                if sampled:
                    self._count_columns(group[0][0], sampled)

    def _count_labels(self, group: list[Item]) -> None:
        served = group[0][0]
        known = served.package.schema.outputs.label.classes[:_LABELS]
        found: Counter[str] = Counter()
        for start in range(0, len(group), _CHUNK):
            some = group[start : start + _CHUNK]
            found.update(chain.from_iterable(labels.tolist() for _, _, labels in some))
            time.sleep(_PAUSE)
        for label, rows in found.items():
            self._predictions.at(served.name, label if label in known else OTHER).add(rows)

    def _count_columns(self, served: Served, sampled: "list[Mapping[str, NDArray[Any]]]") -> None:
        import numpy as np  # noqa: PLC0415 - slow to import

        from deployer.serving.telemetry.bins import count  # noqa: PLC0415 - loads NumPy

        version = self._version(served)
        rows = 0
        for bins, cells in zip(version.bins, version.cells, strict=True):
            values = np.concatenate([each[bins.name] for each in sampled])
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
