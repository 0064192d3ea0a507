"""Training rows for the tests of the selection."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn import datasets


class Rows(NamedTuple):
    """Training rows, as the selection takes them."""

    frame: pd.DataFrame
    labels: NDArray[np.object_]
    classes: list[str]
    kinds: dict[str, str]


def numeric(x: NDArray[np.float64], labels: NDArray[np.object_]) -> Rows:
    frame = pd.DataFrame({f"f{i}": column.astype(np.float32) for i, column in enumerate(x.T)})
    return Rows(frame, labels, sorted(set(labels)), dict.fromkeys(frame, "numeric"))


def of_scikit_learn(name: str) -> Rows:
    found = getattr(datasets, f"load_{name}")()
    labels = np.array([str(found.target_names[each]) for each in found.target], dtype=object)
    return numeric(found.data, labels)


def blobs(counts: dict[str, int], *, seed: int = 0, columns: int = 3) -> Rows:
    """Return overlapping classes, so that models differ; the rows are shuffled."""
    random = np.random.default_rng(seed)
    labels = random.permutation([name for name, count in counts.items() for _ in range(count)])
    centre = np.array([sorted(counts).index(each) for each in labels], dtype=np.float64)
    x = random.normal(size=(len(labels), columns)) + centre[:, None]
    return numeric(x, labels.astype(object))._replace(classes=sorted(counts))
