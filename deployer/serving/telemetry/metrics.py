"""What a process that answers counts, and the text that Prometheus reads of all of them.

Names follow https://prometheus.io/docs/practices/naming/: base units, ``_total`` for what only
grows. No label takes a value that a client makes up: routes are templates, models are those that
were loaded, and every metric has at most a fixed number of series; see `docs/serving.md`.
"""

import os
import time
from contextlib import AbstractContextManager
from pathlib import Path
from random import random
from typing import TYPE_CHECKING, Any

from deployer.serving.models import Served
from deployer.serving.telemetry.exposition import exposition, forget_process, prepare
from deployer.serving.telemetry.sampler import Sampler
from deployer.serving.telemetry.store import OTHER, Cell, Family, Histogram, Store
from deployer.serving.telemetry.tracing import NO_SPAN, Span, Tracing, tracing
from deployer.settings import ServeSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["BUCKETS", "Telemetry", "exposition", "forget_process", "prepare", "telemetry"]

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the histogram of a request's duration, in seconds."""

_METHODS = frozenset(("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "GRPC"))
_SERIES = 1000
_HISTOGRAMS = 200


class _Bound:
    """The series that requests with the same labels count in."""

    __slots__ = ("duration", "requests", "rows")

    def __init__(self, requests: Cell, duration: Histogram, rows: Cell) -> None:
        self.requests = requests
        self.duration = duration
        self.rows = rows


class Telemetry:
    """What one process counts and traces. Every method is cheap enough for every request.

    Attributes:
        traced: whether spans are noted at all.

    """

    def __init__(
        self, settings: ServeSettings, folder: Path | None, traces: Tracing | None = None
    ) -> None:
        self._share = settings.drift_sample
        self._sampler = Sampler(folder)
        self._offer = self._sampler.offer
        self._traces = traces
        self.traced = traces is not None
        self._store = store = Store(folder)
        self._lock = store.lock
        self._models: dict[str, str] = {}
        self._bound: dict[tuple[str, str, int, str], _Bound] = {}
        self._durations: dict[tuple[str, str], Histogram] = {}
        self._requests = Family(
            store, "counter", "deployer_requests_total", "Requests answered.",
            ("route", "method", "status", "model"),
        )  # fmt: skip
        self._in_flight = Family(
            store, "gauge_livesum", "deployer_requests_in_flight", "Requests under way."
        ).at()
        self._rows = Family(
            store, "counter", "deployer_request_rows_total", "Rows answered.", ("model",), 100
        )
        self._errors = Family(
            store, "counter", "deployer_errors_total", "Requests refused or failed.", ("kind",), 50
        )
        self._info = Family(
            store, "gauge_livemax", "deployer_model_info", "1 for each version that answers.",
            ("model", "version", "digest", "source"),
        )  # fmt: skip
        self._load_seconds = Family(
            store, "gauge_livemostrecent", "deployer_model_load_seconds",
            "Seconds that the last load took, golden rows included.", ("model",), 100,
        )  # fmt: skip
        self._loads = Family(
            store, "counter", "deployer_model_loads_total", "Loads of a model.",
            ("model", "outcome"), 200,
        )  # fmt: skip
        self._shown: dict[str, Cell] = {}

    def begin(self) -> None:
        """Count a request that is now under way."""
        with self._lock:
            self._in_flight.add(1)

    def end(
        self,
        *,
        route: str,
        method: str,
        status: int,
        seconds: float,
        model: str = "",
        rows: int = 0,
        error: str = "",
    ) -> None:
        """Count the end of a request that :meth:`begin` counted.

        Args:
            route: its template, such as ``/v2/models/{model}/infer``; one word for all unknown.
            method: of HTTP; ``GRPC`` for gRPC.
            status: of HTTP, or the status of HTTP that gRPC's stands for.
            seconds: from its arrival to its answer.
            model: that answered; one that was never loaded counts as "".
            rows: answered.
            error: kind of the failure, from a fixed list; "" for none.

        """
        with self._lock:
            self._in_flight.add(-1)
            if model and model not in self._models:
                model = ""
            bound = self._bound.get((route, method, status, model))
            if bound is None:
                bound = self._bind(route, method, status, model)
            bound.requests.add(1)
            bound.duration.observe(seconds)
            if rows:
                bound.rows.add(rows)
            if error:
                self._errors.at(error).add(1)

    def _bind(self, route: str, method: str, status: int, model: str) -> _Bound:
        key = (route, method, status, model)
        method = method if method in _METHODS else OTHER
        if len(self._durations) >= _HISTOGRAMS and (route, model) not in self._durations:
            route, model = OTHER, ""
        duration = self._durations.get((route, model))
        if duration is None:
            duration = self._durations[route, model] = Histogram(
                self._store, "deployer_request_duration_seconds",
                "Seconds from a request's arrival to its answer.",
                {"route": route, "model": model}, BUCKETS,
            )  # fmt: skip
        bound = _Bound(
            self._requests.at(route, method, str(status), model), duration, self._rows.at(model)
        )
        if len(self._bound) < _SERIES:
            self._bound[key] = bound
        return bound

    def loaded(self, served: Served, seconds: float) -> None:
        """Count a version that answers from now on, and whose loading took `seconds`."""
        with self._lock:
            self._models[served.name] = served.digest
            before = self._shown.pop(served.name, None)
            if before is not None:
                before.set(0)
            now = self._info.at(
                served.name, served.version, f"sha256:{served.digest}", served.source
            )
            now.set(1)
            self._shown[served.name] = now
            self._load_seconds.at(served.name).set(seconds, time.time())
            self._loads.at(served.name, "success").add(1)

    def failed_load(self, name: str) -> None:
        """Count a version that could not be loaded."""
        with self._lock:
            self._loads.at(name, "failure").add(1)

    def unloaded(self, name: str) -> None:
        """Say that a model answers no more."""
        with self._lock:
            before = self._shown.pop(name, None)
            if before is not None:
                before.set(0)

    def inputs(
        self,
        served: Served,
        arrays: "Mapping[str, NDArray[Any]]",
        labels: "NDArray[Any]",
        places: "NDArray[Any] | None" = None,
    ) -> None:
        """Hand over what a request asked and was told, to be counted; never waits.

        Args:
            served: that answered.
            arrays: of shape (N, 1), one per column; must not be changed afterwards.
            labels: of shape (N,).
            places: int64 of shape (N,), of the labels in the list of classes, if known.

        """
        sampled = random() < self._share  # noqa: S311 - a share, not a secret
        self._offer(served, arrays if sampled else None, labels, places)

    def span(
        self, name: str, traceparent: str | None, **attributes: Any
    ) -> AbstractContextManager[Span]:
        """Return the span of a request, to be entered; one that does nothing if traces are off.

        Args:
            name: method and route, such as ``POST /v2/models/{model}/infer``.
            traceparent: the client's header, https://www.w3.org/TR/trace-context/; None for none.
            attributes: OpenTelemetry's names, as in ``**{"http.route": …}``; one without a dot
                gets ours, ``model`` being ``deployer.model``.

        """
        return NO_SPAN if self._traces is None else self._traces.span(name, traceparent, attributes)

    def close(self) -> None:
        """Count and send what is still at hand; takes a few seconds at most."""
        self._sampler.close()
        if self._traces is not None:
            self._traces.close()


def telemetry(settings: ServeSettings, folder: Path | None) -> Telemetry:
    """Return what a process counts with.

    To be made in the process that counts: after a fork, not before.

    Args:
        settings: share of requests to sample.
        folder: as given to :func:`prepare`; None keeps the numbers in this process.

    """
    return Telemetry(settings, folder, tracing(os.environ))
