"""The same rows to the stable version and to the new one, one pair after the other."""

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from deployer.errors import DeployerError
from deployer.packaging.cells import Cell, encode_inputs, encode_table
from deployer.predicting.client import ModelClient
from deployer.routing.folder import Standing
from deployer.routing.statistics import Counts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deployer.tables.table import Table

__all__ = ["MOST_ROWS", "Pairs", "Rows", "Seen"]

MOST_ROWS = 2_000
RATE = 10.0
TIMEOUT = 5.0


class Rows:
    """Rows to ask, of a table or of golden answers."""

    def __init__(self, source: "Table | Sequence[Mapping[str, Cell]]") -> None:
        self._source = source
        self.count = min(MOST_ROWS, len(source) if isinstance(source, Sequence) else _size(source))

    def arrays(self, client: ModelClient) -> "list[dict[str, NDArray[Any]]]":
        """Return one request per row, as the client's model takes it; errors as its metadata."""
        inputs = client.schema.inputs
        if isinstance(self._source, Sequence):
            columns = {each.name: [row.get(each.name) for row in self._source] for each in inputs}
            whole = encode_inputs(inputs, columns)
        else:
            whole = encode_table(inputs, self._source)
        return [
            {name: array[index : index + 1] for name, array in whole.items()}
            for index in range(self.count)
        ]


def _client(each: Standing, model: str) -> ModelClient:
    return ModelClient(each.url, model, timeout=TIMEOUT, retries=0, ca_file=each.ca_file)


def _size(table: "Table") -> int:
    return len(table.rows)


class Seen:
    """What came of the pairs so far."""

    def __init__(self) -> None:
        self.canary = Counts()
        self.stable = Counts()
        self.canary_seconds: list[float] = []
        self.stable_seconds: list[float] = []
        self.labels: dict[int, bool] = {}

    @property
    def different(self) -> int:
        """How many rows got another label, when they were asked last."""
        return sum(self.labels.values())


class Pairs:
    """Asks pairs in the background until stopped, about ten a second.

    Args:
        stable: stable endpoints, the one to ask first; the others when that fails.
        canary: the new version's endpoints, in turns.
        model: name.
        digest: that the new version's answers must carry; others are not its own.
        rows: to ask, round and round.

    """

    def __init__(
        self,
        stable: Sequence[Standing],
        canary: Sequence[Standing],
        model: str,
        digest: str,
        rows: Rows,
    ) -> None:
        self._stable = [_client(each, model) for each in stable]
        self._canary = [_client(each, model) for each in canary]
        self._digest = digest
        self._rows = rows
        self._requests: dict[ModelClient, list[dict[str, NDArray[Any]]]] = {}
        self._lock = threading.Lock()
        self._seen = Seen()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask_all, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join(2 * TIMEOUT)
        for client in (*self._stable, *self._canary):
            client.close()

    def take(self) -> Seen:
        """Return what was seen since the last call of :meth:`reset`, as it is now."""
        with self._lock:
            copy = Seen()
            copy.canary, copy.stable = self._seen.canary, self._seen.stable
            copy.canary_seconds = list(self._seen.canary_seconds)
            copy.stable_seconds = list(self._seen.stable_seconds)
            copy.labels = dict(self._seen.labels)
        return copy

    def reset(self) -> None:
        """Begin a new step."""
        with self._lock:
            self._seen = Seen()

    def _ask_all(self) -> None:
        number = 0
        begun = time.monotonic()
        while not self._stop.is_set():
            self._pair(number)
            number += 1
            # The time that answers took is part of the pace; one that is late is not made up for.
            due = begun + number / RATE
            now = time.monotonic()
            if now > due:
                begun += now - due
            self._stop.wait(max(0.0, due - now))

    def _pair(self, number: int) -> None:
        row = number % self._rows.count
        canary = self._canary[number % len(self._canary)]
        sides = [(True, [canary]), (False, self._stable)]
        # Who goes first takes turns: the second may find the machine's caches warm.
        labels = {
            new: self._one(clients, row, new=new)
            for new, clients in (sides[:: 1 - 2 * (number % 2)])
        }
        if labels[True] is not None and labels[False] is not None:
            with self._lock:
                self._seen.labels[row] = labels[True] != labels[False]

    def _one(self, clients: Iterable[ModelClient], row: int, *, new: bool) -> str | None:
        for client in clients:
            try:
                asked = client.ask(self._of(client)[row], expect=self._digest if new else "")
            except DeployerError:
                self._note(new=new, seconds=None)
                continue
            self._note(new=new, seconds=asked.seconds)
            return str(asked.prediction.labels[0])
        return None

    def _of(self, client: ModelClient) -> "list[dict[str, NDArray[Any]]]":
        if client not in self._requests:
            self._requests[client] = self._rows.arrays(client)
        return self._requests[client]

    def _note(self, *, new: bool, seconds: float | None) -> None:
        with self._lock:
            seen = self._seen
            before = seen.canary if new else seen.stable
            after = Counts(before.requests + 1, before.failed + (seconds is None))
            if new:
                seen.canary = after
            else:
                seen.stable = after
            if seconds is not None:
                (seen.canary_seconds if new else seen.stable_seconds).append(seconds)
