"""Real evaluations to draw: models fitted by scikit-learn on data that comes with it.

``python -m tests.deployer.reports.samples DIRECTORY`` writes their pages, to be looked at.
"""

import csv
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from deployer.packaging.documents import (
    CategoricalInput,
    Costs,
    Finding,
    Input,
    NumericInput,
)
from deployer.reports import evaluation_page
from tests.deployer.reports.sample_kit import Data, Sample, make_sample, numeric

__all__ = ["SAMPLES", "breast_cancer", "digits", "nasty", "page", "penguins"]

_PENGUINS = Path(__file__).parents[3] / "examples" / "penguins" / "penguins.csv"


def page(sample: Sample) -> str:
    """Return the page of `sample`."""
    return evaluation_page(
        sample.document,
        sample.evaluation,
        profile=sample.profile,
        drift=sample.drift,
        title=sample.title,
        schema=sample.schema,
    )


@cache
def penguins() -> Sample:
    """Return three classes, columns of both kinds, a drifted column."""
    with _PENGUINS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    arrays: dict[str, Any] = {}
    inputs: list[Input] = []
    for name in rows[0]:
        cells = ["" if row[name] == "NA" else row[name] for row in rows]
        if name in {"island", "sex"}:
            arrays[name] = np.array(cells, dtype=object)[:, None]
            known = tuple(sorted(set(cells) - {""}))
            missing = cells.count("")
            inputs.append(
                CategoricalInput(name=name, tensor=name, missing=missing, categories=known)
            )
        elif name != "species":
            values = [float(cell) if cell else np.nan for cell in cells]
            arrays[name] = np.array(values, dtype=np.float32)[:, None]
            inputs.append(NumericInput(name=name, tensor=name, missing=cells.count("")))
    labels = np.array([row["species"] for row in rows], dtype=object)
    # Fewer columns make the errors that there is something to see in.
    kept = tuple(each for each in inputs if each.name not in {"bill_length_mm", "island"})

    def shift(after: dict[str, Any]) -> dict[str, Any]:
        return after | {"body_mass_g": after["body_mass_g"] + np.float32(450)}

    sample = make_sample(
        Data(arrays=arrays, labels=labels, inputs=(*kept, inputs[0])),
        title="penguins",
        target="species",
        findings=(
            Finding(
                level="warning",
                code="leak",
                column="island",
                message="predicts the target alone with an accuracy of 0.71",
                advice="If it is not known when predictions are made, leave it out: --drop island.",
            ),
            Finding(
                level="info",
                code="missing",
                column="sex",
                message="11 of 344 rows have no value",
                advice="Missing values are handled; nothing to do.",
            ),
        ),
        shift=shift,
    )
    return replace(
        sample, evaluation=msgspec.structs.replace(sample.evaluation, source="data", rows_seen=7)
    )


@cache
def digits() -> Sample:
    """Return ten classes, 64 columns of numbers."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    data = numeric(list(bunch.feature_names), bunch.data, bunch.target.astype(str))
    return make_sample(data, title="digits", target="digit")


@cache
def breast_cancer() -> Sample:
    """Return two classes, one of them positive, costs and a threshold."""
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer()
    names = np.array(bunch.target_names)
    data = numeric([str(n) for n in bunch.feature_names], bunch.data, names[bunch.target])
    return make_sample(
        data,
        title="breast-cancer:3",
        target="diagnosis",
        positive="malignant",
        costs=Costs(false_positive=1, false_negative=20),
        threshold=0.12,
    )


_NASTY = (
    "</svg><script>alert(1)</script>",
    '" onload="alert(1)',
    "javascript:alert(1)",
    "a 'quoted' & \"double\" <label>",
    "مرحبا بالعالم",
    "שלום עולם",
    "👩‍👩‍👧‍👦 family 🎉",
    "\u202eright to left override",
    "new\nline\tand\x07bell\x00null",
    "{{ 7 * 7 }} {% raw %}",
    "](javascript:x) | @everyone `code` #1",
    "漢字のとても長いラベルです" * 8,
    "x" * 200,
    "   ",
)


@cache
def nasty() -> Sample:
    """Return fifty classes with hostile names, and no section that can be missing."""
    from sklearn.datasets import make_blobs

    x, y = make_blobs(1500, n_features=6, centers=50, cluster_std=2.6, random_state=4)
    names = [*_NASTY, *(f"class number {i:02d} with a rather long name" for i in range(36))]
    labels = np.array([names[i] for i in y], dtype=object)
    columns = [*_NASTY[:5], "plain"]
    sample = make_sample(
        numeric(columns, x, labels),
        title=_NASTY[0] + " & co",
        target=_NASTY[1],
        resamples=0,
        families=("tree",),
    )
    evaluation = msgspec.structs.replace(sample.evaluation, importances=(), slices=())
    return replace(sample, evaluation=evaluation, schema=None)


SAMPLES = {
    "penguins": penguins,
    "digits": digits,
    "breast_cancer": breast_cancer,
    "nasty": nasty,
}

if __name__ == "__main__":
    where = Path(sys.argv[1])
    for name, make in SAMPLES.items():
        (where / f"{name}.html").write_text(page(make()), "utf-8")
