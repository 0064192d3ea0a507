"""A matrix of numbers, looked at column by column."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["MatrixColumns"]


class MatrixColumns(Mapping[str, NDArray[Any]]):
    """The columns of a matrix as arrays of shape (N, 1) by name, made when one is looked at."""

    __slots__ = ("_known", "_matrix", "_names")

    def __init__(self, names: tuple[str, ...], matrix: NDArray[Any]) -> None:
        self._names = names
        self._matrix = matrix

    @classmethod
    def joined(cls, parts: "Sequence[MatrixColumns]") -> "MatrixColumns":
        """Return the rows of all `parts`, which have the same columns."""
        matrices = [each._matrix for each in parts]  # noqa: SLF001 - of the same class
        return cls(parts[0]._names, np.concatenate(matrices))  # noqa: SLF001 - as above

    def __getitem__(self, name: str) -> NDArray[Any]:
        try:
            place = self._names.index(name)
        except ValueError:
            raise KeyError(name) from None
        return self._matrix[:, place : place + 1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
