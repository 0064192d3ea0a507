"""The documents of a model fitted for a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deployer.packaging.documents import (
    Baseline,
    Candidate,
    Choice,
    ClassMetrics,
    Costs,
    FileEntry,
    Finding,
    IgnoredColumn,
    Input,
    LabelOutput,
    Metrics,
    MissingValues,
    ModelDocument,
    Outputs,
    Parity,
    ProbabilitiesOutput,
    RowCounts,
    Schema,
    Score,
    Search,
    Serving,
    TrainingData,
    TrainingRun,
)

__all__ = ["SHA", "Data", "document_of", "few_metrics", "models", "schema_of"]

SHA = "0123456789abcdef" * 4


@dataclass(frozen=True)
class Data:
    """Columns of shape (N, 1) and labels of shape (N,)."""

    arrays: dict[str, Any]
    labels: Any
    inputs: tuple[Input, ...]


def models(seed: int) -> dict[str, Any]:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.tree import DecisionTreeClassifier

    return {
        "softmax": make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=500)),
        "forest": RandomForestClassifier(12, random_state=seed),
        "tree": DecisionTreeClassifier(max_depth=6, random_state=seed),
    }


def _candidates(x: Any, y: Any, families: Sequence[str]) -> tuple[Candidate, ...]:
    from sklearn.model_selection import cross_val_score

    found = []
    for name in families:
        model = models(0)[name]
        folds = cross_val_score(model, x, y, cv=3, scoring="f1_macro")
        found.append(
            Candidate(
                family=name,
                params={"classify__C": 0.3} if name == "softmax" else {"classify__max_depth": 6},
                tried=12,
                mean=float(folds.mean()),
                std=float(folds.std(ddof=1)),
                folds=tuple(map(float, folds)),
            )
        )
    found.sort(key=lambda each: -(each.mean or 0))
    problem = "did not finish within the time budget"
    lost = Candidate(
        family="mlp", params={}, tried=2, mean=None, std=None, folds=(), problem=problem
    )
    return (*found, lost)


def few_metrics(labels: Any, predicted: Any, classes: list[str]) -> Metrics:
    """Return few numbers, without intervals: of very many classes all of them take too long."""
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    named, told = labels.astype(str), predicted.astype(str)
    found = precision_recall_fscore_support(named, told, labels=classes, zero_division=0)
    return Metrics(
        rows=len(labels),
        confidence=0.95,
        resamples=0,
        scores={"accuracy": Score(value=float((named == told).mean()))},
        baseline=Baseline(label=classes[0], accuracy=0.02, macro_f1=0.001),
        classes=tuple(
            ClassMetrics(
                label=label,
                precision=float(precision),
                recall=float(recall),
                f1=float(f1),
                support=int(support),
            )
            for label, precision, recall, f1, support in zip(classes, *found, strict=True)
        ),
        confusion=tuple(
            tuple(map(int, row)) for row in confusion_matrix(named, told, labels=classes)
        ),
    )


def document_of(
    data: Data,
    target: str,
    classes: dict[str, int],
    train: Any,
    test: Any,
    x: Any,
    positive: str | None,
    costs: Costs | None,
    findings: tuple[Finding, ...],
    families: Sequence[str],
) -> ModelDocument:
    import sklearn

    least, most = min(classes.values()), max(classes.values())
    return ModelDocument(
        target=target,
        classes=tuple(classes),
        family="softmax",
        serving=Serving(
            runtime="onnx",
            parity=Parity(
                rows=len(data.labels),
                labels_equal=len(data.labels),
                max_probability_difference=3.1e-7,
                tolerance=1e-5,
            ),
        ),
        files={"onnx": FileEntry(path="model.onnx", size=4096, sha256=SHA)},
        training=TrainingRun(
            data=TrainingData(sha256=SHA, size=15241, format="csv"),
            seed=0,
            test_size=0.3,
            rows=RowCounts(
                table=len(data.labels), without_target=0, train=len(train), test=len(test)
            ),
            classes=classes,
            ignored=(IgnoredColumn(name="id", reason="different in every row"),)
            if findings
            else (),
            choice=Choice(
                asked="auto",
                metric="f1_macro",
                why=f"The rarest class has {least} rows and the commonest {most}, "
                f"{most / least:.2g} to 1. Macro F1 counts every class alike, however rare, so "
                "that a model cannot look good by ignoring the rare ones.",
                positive=positive,
                costs=costs,
            ),
            search=Search(
                strategy="random",
                folds=3,
                budget_ended=bool(findings),
                candidates=_candidates(x[train], data.labels[train], families),
            ),
            findings=findings,
        ),
        libraries={"numpy": np.__version__, "scikit-learn": sklearn.__version__},
    )


def schema_of(
    data: Data, target: str, classes: list[str], positive: str | None, threshold: float | None
) -> Schema:
    return Schema(
        inputs=data.inputs,
        missing_values=MissingValues(markers=("", "NA")),
        outputs=Outputs(
            label=LabelOutput(classes=tuple(classes), positive=positive, threshold=threshold),
            probabilities=ProbabilitiesOutput(shape=(None, len(classes))),
        ),
        target=target,
    )
