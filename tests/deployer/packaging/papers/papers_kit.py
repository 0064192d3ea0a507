"""A model's documents for tests of its papers, with any classes and columns."""

from collections.abc import Sequence
from dataclasses import dataclass

from deployer.packaging.documents import (
    Baseline,
    CalibrationBin,
    Candidate,
    CategoricalInput,
    Choice,
    ClassCurves,
    ClassMetrics,
    Evaluation,
    FileEntry,
    Finding,
    IgnoredColumn,
    Importance,
    LabelOutput,
    Metrics,
    MissingValues,
    ModelDocument,
    NumericInput,
    Outputs,
    ProbabilitiesOutput,
    RowCounts,
    Schema,
    Score,
    Search,
    Serving,
    Slice,
    TrainingData,
    TrainingRun,
)

__all__ = ["Papers", "papers"]


@dataclass(frozen=True)
class Papers:
    document: ModelDocument
    schema: Schema
    metrics: Metrics
    evaluation: Evaluation


def papers(
    *,
    classes: Sequence[str] = ("Adelie", "Chinstrap", "Gentoo"),
    target: str = "species",
    columns: tuple[str, str] = ("bill", "island"),
    serving: Serving | None = None,
    low: float = 0.9,
) -> Papers:
    """Documents that fit together; scores are made up, every one another number."""
    schema = Schema(
        inputs=(
            NumericInput(name=columns[0], tensor="in_0", missing=2),
            CategoricalInput(name=columns[1], tensor="in_1", missing=0, categories=("a", "b")),
        ),
        missing_values=MissingValues(markers=("", "NA")),
        outputs=Outputs(
            label=LabelOutput(classes=tuple(classes)),
            probabilities=ProbabilitiesOutput(shape=(None, len(classes))),
        ),
        target=target,
    )
    confusion = tuple(
        tuple(10 if i == j else (2 * i + j) % 4 for j in range(len(classes)))
        for i in range(len(classes))
    )
    metrics = Metrics(
        rows=sum(map(sum, confusion)),
        confidence=0.95,
        resamples=1000,
        scores={
            "accuracy": Score(value=0.9512, low=low, high=0.98),
            "f1_macro": Score(value=0.9423, low=0.88, high=0.97),
            "log_loss": Score(value=1e-05),
            "roc_auc_ovr_macro": Score(value=None),
        },
        baseline=Baseline(label=classes[0], accuracy=0.44, macro_f1=0.2),
        classes=tuple(
            ClassMetrics(
                label=label,
                support=sum(row),
                precision=0.93,
                recall=row[i] / sum(row),
                f1=0.92,
                recall_low=0.5,
                recall_high=0.99,
            )
            for i, (label, row) in enumerate(zip(classes, confusion, strict=True))
        ),
        confusion=confusion,
    )
    evaluation = Evaluation(
        metrics=metrics,
        source="holdout",
        data="0" * 64,
        curves=tuple(
            ClassCurves(label=each, roc=None, precision_recall=None, calibration=())
            for each in classes
        ),
        confidence_bins=(CalibrationBin(predicted=0.95, observed=0.9, rows=40),),
        slices=(
            Slice(
                column=columns[1],
                value=classes[-1],
                rows=12,
                accuracy=Score(value=0.5, low=0.3, high=0.7),
                f1_macro=Score(value=0.4, low=0.2, high=0.6),
            ),
        ),
        importances=(Importance(column=columns[0], mean=0.31, std=0.02),),
    )
    document = ModelDocument(
        target=target,
        classes=tuple(classes),
        family="softmax",
        serving=serving or Serving(runtime="onnx"),
        files={
            "onnx": FileEntry(path="model.onnx", size=3, sha256="1" * 64),
            "skops": FileEntry(path="model.skops", size=4, sha256="2" * 64),
            "schema": FileEntry(path="schema.json", size=5, sha256="3" * 64),
        },
        training=TrainingRun(
            data=TrainingData(sha256="a" * 64, size=1234, format="csv"),
            seed=7,
            test_size=0.2,
            rows=RowCounts(table=200, without_target=3, train=157, test=40),
            classes=dict.fromkeys(classes, 60),
            ignored=(IgnoredColumn(name=columns[1] + "2", reason=f"repeats {columns[1]}"),),
            choice=Choice(asked="auto", metric="f1_macro", why=f"the classes of {target} vary"),
            search=Search(
                strategy="grid",
                folds=5,
                budget_ended=False,
                candidates=(
                    Candidate(
                        family="softmax",
                        params={"classify__C": 1.0},
                        tried=3,
                        mean=0.94,
                        std=0.01,
                        folds=(0.93, 0.95),
                    ),
                    Candidate(
                        family="svm",
                        params={},
                        tried=0,
                        mean=None,
                        std=None,
                        folds=(),
                        problem=f"cannot tell {classes[0]}",
                    ),
                ),
            ),
            findings=(
                Finding(level="warning", code="missing", column=columns[0], message=columns[0]),
            ),
        ),
        libraries={"python": "3.11.7", "numpy": "2.4.6", "onnxruntime": "1.32.0+cpu"},
    )
    return Papers(document, schema, metrics, evaluation)
