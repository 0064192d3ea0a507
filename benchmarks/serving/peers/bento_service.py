"""BentoML's service, as its documentation writes one; run in an environment of its own."""

import os

import bentoml  # type: ignore[import-not-found]  # in an environment of its own
import joblib  # type: ignore[import-untyped]  # it has no types
import numpy as np


@bentoml.service(workers=1)
class Bench:
    """Answers rows of numbers with probabilities."""

    def __init__(self) -> None:
        self.model = joblib.load(os.environ["BENCH_MODEL"])

    @bentoml.api  # type: ignore[untyped-decorator]  # as above
    def infer(self, rows: np.ndarray) -> np.ndarray:
        """Return the probabilities of each row."""
        return self.model.predict_proba(rows)  # type: ignore[no-any-return]  # untyped library
