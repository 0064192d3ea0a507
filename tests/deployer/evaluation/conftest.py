"""Predictions of plain pipelines on well-known data, labels as strings."""

import functools

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from tests.deployer.evaluation.evaluation_kit import PENGUINS, Predicted

SETS = ["digits", "wine", "breast_cancer", "iris", "penguins"]


@functools.cache
def predict_set(name: str) -> Predicted:
    if name == "penguins":
        table = pd.read_csv(PENGUINS).dropna()
        target = table.pop("species").to_numpy(dtype=object)
        words = ["island", "sex"]
        prepare = make_column_transformer((OneHotEncoder(), words), remainder=StandardScaler())
        pipeline = make_pipeline(prepare, LogisticRegression(max_iter=1000))
    else:
        loaded = getattr(datasets, f"load_{name}")(as_frame=True)
        # Two columns only: a model that is wrong now and then tests more than a perfect one.
        table = loaded.data.iloc[:, 20:30] if name == "digits" else loaded.data.iloc[:, :2]
        target = np.array([f"class {index}" for index in loaded.target], dtype=object)
        pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    train, test, fitted, labels = train_test_split(
        table, target, test_size=0.5, random_state=0, stratify=target
    )
    pipeline.fit(train, fitted)
    return Predicted(
        labels=labels,
        predicted=pipeline.predict(test),
        probabilities=pipeline.predict_proba(test),
        classes=list(pipeline.classes_),
    )


@pytest.fixture(params=SETS)
def known(request: pytest.FixtureRequest) -> Predicted:
    """Predictions on each of the sets in turn."""
    return predict_set(request.param)


@pytest.fixture
def cancer() -> Predicted:
    return predict_set("breast_cancer")


@pytest.fixture
def wine() -> Predicted:
    return predict_set("wine")
