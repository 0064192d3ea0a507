"""Trees: thresholds that mean the same for float32, and sums in float64."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import RidgeClassifier
from sklearn.tree import DecisionTreeClassifier

from deployer.packaging.conversion import trees
from deployer.packaging.conversion.answers import convert_classifier
from deployer.packaging.conversion.graph import Graph, NoConverterError
from tests.deployer.packaging.graph_kit import run


def ask(model: Any, x: NDArray[Any]) -> NDArray[Any]:
    graph = Graph()
    answer = convert_classifier(graph, model, "x")
    return run(graph, "double", answer.probabilities, columns=x.shape[1])(x)


def around(values: NDArray[Any]) -> NDArray[Any]:
    """Return float32 values with both neighbours of each."""
    middle = values.astype(np.float32)
    return np.concatenate(
        [
            np.nextafter(middle, np.float32(-np.inf)),
            middle,
            np.nextafter(middle, np.float32(np.inf)),
        ]
    )


@settings(max_examples=300, deadline=None)
@given(
    threshold=st.floats(min_value=-3e38, max_value=3e38),
    value=st.floats(width=32, allow_nan=False, allow_infinity=False),
)
def test_rounding_down_keeps_the_meaning(threshold: float, value: float) -> None:
    (rounded,) = trees._down(np.array([threshold]))
    assert rounded.dtype == np.float32
    assert float(rounded) <= threshold
    for each in (np.float32(value), *around(np.array([threshold]))):
        assert (each <= rounded) == (float(each) <= threshold)


@pytest.mark.parametrize(
    "model",
    [
        DecisionTreeClassifier(random_state=0),
        RandomForestClassifier(20, random_state=0),
        HistGradientBoostingClassifier(max_iter=10, random_state=0),
    ],
    ids=["tree", "forest", "boosting"],
)
@pytest.mark.parametrize("classes", [2, 4])
def test_values_next_to_every_threshold(model: Any, classes: int) -> None:
    """Neighbouring numbers in training give thresholds that float32 cannot hold."""
    random = np.random.default_rng(0)
    base = random.integers(0, 40, 400)
    # Next to 1000, float32 numbers are 2**-14 apart.
    x = (1000 + base * 2.0**-14).reshape(-1, 1)
    y = (base // 3 + random.integers(0, 2, 400)) % classes
    model.fit(x, y)
    asked = around(np.unique(x)).reshape(-1, 1).astype(np.float64)
    expected = model.predict_proba(asked)
    assert len(np.unique(expected, axis=0)) > 2
    assert np.abs(ask(model, asked) - expected).max() <= 1e-15


@pytest.mark.parametrize("seed", range(4))
def test_forests_that_nearly_tie(seed: int) -> None:
    """Shares such as 1/3 add up to nearly the same for two classes: the order of sums decides."""
    random = np.random.default_rng(seed)
    x = random.integers(0, 3, (90, 3)).astype(np.float64)
    y = random.integers(0, 2, 90)
    model = RandomForestClassifier(30, min_samples_leaf=3, random_state=seed).fit(x, y)
    graph = Graph()
    answer = convert_classifier(graph, model, "x")
    found = run(graph, "double", graph.double(answer.choice), columns=3)(x)
    assert np.array_equal(found, model.predict(x))


def test_what_is_not_known_is_refused() -> None:
    with pytest.raises(NoConverterError, match=r"sklearn\.Ridge"):
        convert_classifier(Graph(), RidgeClassifier(), "x")
