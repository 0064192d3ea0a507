"""On real data the choice is no worse than a plain well-made pipeline; slow."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from deployer.training.families import FAMILIES
from deployer.training.selection import pool, select
from tests.deployer.training.selection.selection_rows import Rows, of_scikit_learn

NUMBERS = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "year"]


def of_penguins(path: Path) -> Rows:
    frame = pd.read_csv(path)
    labels = frame.pop("species").to_numpy(dtype=object)
    columns = {
        name: frame[name].astype(np.float32)
        if name in NUMBERS
        else frame[name].astype(object).fillna("")
        for name in frame
    }
    kinds = {name: "numeric" if name in NUMBERS else "categorical" for name in frame}
    return Rows(pd.DataFrame(columns), labels, sorted(set(labels)), kinds)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "digits", "penguins"])
def test_no_worse_than_a_plain_pipeline(name: str, penguins: Path) -> None:
    rows = of_penguins(penguins) if name == "penguins" else of_scikit_learn(name)
    found = select(
        rows.frame,
        rows.labels,
        classes=rows.classes,
        kinds=rows.kinds,
        families=["softmax", "forest"],
        strategy="none",
        trials=1,
        folds=5,
        metric="accuracy",
        jobs=2,
    )
    numbers = [column for column, kind in rows.kinds.items() if kind == "numeric"]
    x = rows.frame[numbers]
    plain = cross_val_score(
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
        x.fillna(x.median()),
        rows.labels,
        cv=StratifiedKFold(5, shuffle=True, random_state=0),
    )
    assert found.best.mean is not None
    assert found.best.mean >= plain.mean() - plain.std(ddof=1) / np.sqrt(5)
    answers = np.array(rows.classes, dtype=object)[found.out_of_fold.argmax(axis=1)]
    assert (answers == rows.labels).mean() == pytest.approx(found.best.mean, abs=0.005)


@pytest.mark.slow
def test_every_family_answers_alike_in_other_processes(
    penguins: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = of_penguins(penguins)
    monkeypatch.setattr(pool, "START_SECONDS", 0)
    found = [
        select(
            rows.frame,
            rows.labels,
            classes=rows.classes,
            kinds=rows.kinds,
            families=list(FAMILIES),
            strategy="none",
            trials=1,
            folds=2,
            metric="log_loss",
            jobs=jobs,
        )
        for jobs in (1, 2)
    ]
    assert found[0].trials == found[1].trials
    assert [each.problem for each in found[0].trials] == [""] * len(FAMILIES)
    assert found[0].out_of_fold.tobytes() == found[1].out_of_fold.tobytes()
