"""An even sample of a stream of rows, the same whatever the size of the batches.

Every row draws a number that depends on the seed and its place in the file alone; the rows with
the smallest numbers are the sample (the "bottom-k" form of reservoir sampling; the draw is
SplitMix64's mixing function, from Steele, Lea & Flood, OOPSLA 2014).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from deployer.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Rows"]

_GAMMA = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


class Rows:
    """Collects the rows of a table batch by batch: all of them, or a sample.

    Args:
        name: what to call the table in messages.
        sample: how many rows to keep; None for all.
        seed: of the draw.
        memory: bytes that the kept rows may take; None for no limit.

    """

    def __init__(self, name: str, *, sample: int | None, seed: int, memory: int | None) -> None:
        self._name = name
        self._sample = sample
        self._seed = (seed * _GAMMA + _GAMMA) & _MASK
        self._memory = memory
        self._batches: list[Any] = []
        self._rows: list[NDArray[np.int64]] = []
        self._held = 0
        self._bytes = 0
        self._below: int | None = None
        self.total = 0

    @property
    def sampled(self) -> bool:
        """Whether rows may be left out."""
        return self._sample is not None

    def add(self, batch: Any) -> None:
        """Add the next rows, a :class:`pyarrow.Table`."""
        import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

        rows = np.arange(self.total + 1, self.total + 1 + batch.num_rows, dtype=np.int64)
        self.total += batch.num_rows
        if self._sample is not None and self._below is not None:
            batch, rows = _choose(batch, rows, self._draw(rows) < np.uint64(self._below))
        # Most blocks of a long file add nothing to a sample; the first one tells the columns.
        if len(rows) or not self._batches:
            self._batches.append(batch)
            self._rows.append(rows)
            self._held += len(rows)
            self._bytes += batch.nbytes
        if self._sample is not None and self._held > 2 * self._sample:
            self._shrink()
        self._check()

    def finish(
        self, unify: Callable[[Any], Any] = lambda batch: batch
    ) -> "tuple[Any, NDArray[np.int64]]":
        """Return the rows as one table, in the order of the file, and their numbers from 1.

        There must have been a batch.

        Args:
            unify: gives every batch the columns of the last one.

        """
        import numpy as np  # noqa: PLC0415 - as above
        import pyarrow as pa  # noqa: PLC0415 - slow to import

        self._shrink()
        data = pa.concat_tables([unify(batch) for batch in self._batches])
        return data, np.concatenate(self._rows)

    def _shrink(self) -> None:
        import numpy as np  # noqa: PLC0415 - as above

        if self._sample is None or self._held <= self._sample:
            return
        rows = np.concatenate(self._rows)
        drawn = self._draw(rows)
        # Different rows draw different numbers: the mixing function is a bijection.
        self._below = int(np.partition(drawn, self._sample - 1)[self._sample - 1]) + 1
        kept = [
            _choose(batch, numbers, self._draw(numbers) < np.uint64(min(self._below, _MASK)))
            for batch, numbers in zip(self._batches, self._rows, strict=True)
        ]
        filled = [(batch, numbers) for batch, numbers in kept if len(numbers)]
        self._batches = [batch for batch, _ in filled]
        self._rows = [numbers for _, numbers in filled]
        self._held = sum(map(len, self._rows))
        self._bytes = sum(batch.nbytes for batch in self._batches)

    def _draw(self, rows: "NDArray[np.int64]") -> "NDArray[np.uint64]":
        import numpy as np  # noqa: PLC0415 - as above

        with np.errstate(over="ignore"):
            z = rows.astype(np.uint64) * np.uint64(_GAMMA) + np.uint64(self._seed)
            z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            drawn: NDArray[np.uint64] = z ^ (z >> np.uint64(31))
        return drawn

    def _check(self) -> None:
        if self._memory is None or self._bytes <= self._memory:
            return
        raise UsageError(
            f"{self._held} rows take more than {self._memory / (1 << 30):.1f} GiB of memory",
            where=self._name,
            hint="read fewer rows with --sample N, or a table with fewer columns",
        )


def _choose(
    batch: Any, rows: "NDArray[np.int64]", kept: "NDArray[np.bool_]"
) -> "tuple[Any, NDArray[np.int64]]":
    import pyarrow as pa  # noqa: PLC0415 - as above

    return batch.filter(pa.array(kept)), rows[kept]
