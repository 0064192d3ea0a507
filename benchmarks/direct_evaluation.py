"""The steps of ``deployer evaluate``, written down directly with scikit-learn, for comparison.

Run as ``python -m benchmarks.direct_evaluation MODEL DATA.csv RESAMPLES``: reads, predicts with
the package's ONNX file, computes every number once, and again for each resample of the rows.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
from sklearn.inspection import permutation_importance
from sklearn.metrics import accuracy_score

from benchmarks.direct_training import score


class Served:
    """Enough of an estimator for scikit-learn's permutation importance."""

    def __init__(self, model: Path, columns: list[str], tensors: list[str]) -> None:
        self.session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        self.columns, self.tensors = columns, tensors

    def fit(self) -> "Served":
        return self

    def both(self, frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        feed = {
            tensor: frame[[name]].to_numpy()
            for name, tensor in zip(self.columns, self.tensors, strict=True)
        }
        labels, probabilities = self.session.run(["label", "probabilities"], feed)
        return labels, probabilities


def main() -> None:
    """Evaluate and print."""
    folder, data, resamples = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    schema = json.loads((folder / "schema.json").read_bytes())
    columns = [each["name"] for each in schema["inputs"]]
    served = Served(folder / "model.onnx", columns, [each["tensor"] for each in schema["inputs"]])
    frame = pd.read_csv(data)
    expected = frame.pop(schema["target"]).to_numpy(dtype=object)
    frame = frame[columns].astype(np.float32)
    labels, probabilities = served.both(frame)
    classes = schema["outputs"]["label"]["classes"]
    numbers = [score(expected, labels, probabilities, classes)]
    random = np.random.default_rng(0)
    for _ in range(resamples):
        rows = random.integers(0, len(expected), len(expected))
        numbers.append(score(expected[rows], labels[rows], probabilities[rows], classes))
    permutation_importance(
        served,
        frame.iloc[:2000],
        expected[:2000],
        n_repeats=5,
        random_state=0,
        scoring=lambda model, x, y: accuracy_score(y, model.both(x)[0]),
    )
    print(json.dumps(numbers[0]))


if __name__ == "__main__":
    main()
