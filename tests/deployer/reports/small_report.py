"""A small evaluation, number by number, so that its page depends on nothing but the reports.

``python -m tests.deployer.reports.small_report`` writes the golden files anew; look at the
difference before it is kept.
"""

from pathlib import Path

from deployer.evaluation.drift import ColumnDrift
from deployer.packaging.documents import (
    Baseline,
    CalibrationBin,
    Candidate,
    CategoricalProfile,
    Choice,
    ClassCurves,
    ClassMetrics,
    Costs,
    Curve,
    Evaluation,
    Finding,
    Importance,
    Metrics,
    ModelDocument,
    NumericProfile,
    Profile,
    RowCounts,
    Score,
    Search,
    Serving,
    Slice,
    TextProfile,
    Threshold,
    TrainingData,
    TrainingRun,
)
from deployer.reports import evaluation_markdown, evaluation_page

__all__ = ["GOLDEN", "document", "evaluation", "golden_files"]

GOLDEN = Path(__file__).parents[2] / "golden" / "reports"


def document() -> ModelDocument:
    """Return a model of two classes."""
    return ModelDocument(
        target="churn",
        classes=("no", "yes"),
        family="softmax",
        serving=Serving(runtime="skops", reason="the ONNX file gave other labels in 3 rows"),
        files={},
        training=TrainingRun(
            data=TrainingData(sha256="ab" * 32, size=1234, format="csv"),
            seed=7,
            test_size=0.25,
            rows=RowCounts(table=80, without_target=2, train=58, test=20),
            classes={"no": 60, "yes": 18},
            ignored=(),
            choice=Choice(
                asked="auto",
                metric="f1_macro",
                why="60 to 18: macro F1 counts both classes alike.",
                positive="yes",
                costs=Costs(false_positive=1, false_negative=4),
            ),
            search=Search(
                strategy="grid",
                folds=2,
                budget_ended=False,
                candidates=(
                    Candidate(
                        family="softmax",
                        params={"classify__C": 0.1},
                        tried=4,
                        mean=0.81,
                        std=0.02,
                        folds=(0.79, 0.83),
                    ),
                    Candidate(
                        family="svm",
                        params={},
                        tried=1,
                        mean=None,
                        std=None,
                        folds=(),
                        problem="did not converge",
                    ),
                ),
            ),
            findings=(
                Finding(
                    level="warning",
                    code="leak",
                    column="id",
                    message="predicts the target alone",
                    advice="leave it out",
                ),
            ),
        ),
        libraries={"scikit-learn": "1.9.1"},
    )


def evaluation() -> Evaluation:
    """Return what was measured on twenty rows."""
    curve = Curve(x=(0.0, 0.0, 0.25, 1.0), y=(0.0, 0.5, 1.0, 1.0))
    bins = (
        CalibrationBin(predicted=0.3, observed=0.25, rows=8),
        CalibrationBin(predicted=0.85, observed=0.9, rows=12),
    )
    return Evaluation(
        metrics=Metrics(
            rows=20,
            confidence=0.95,
            resamples=1000,
            scores={
                "accuracy": Score(value=0.85, low=0.7, high=0.95),
                "f1_macro": Score(value=0.78, low=0.55, high=0.93),
                "log_loss": Score(value=0.41),
                "roc_auc": Score(value=None),
            },
            baseline=Baseline(label="no", accuracy=0.75, macro_f1=0.43),
            classes=(
                ClassMetrics(label="no", support=15, precision=0.875, recall=0.933, f1=0.903),
                ClassMetrics(
                    label="yes",
                    support=5,
                    precision=0.75,
                    recall=0.6,
                    f1=0.667,
                    recall_low=0.2,
                    recall_high=1.0,
                    roc_auc=0.9,
                    average_precision=0.8,
                ),
            ),
            confusion=((14, 1), (2, 3)),
        ),
        source="holdout",
        data="cd" * 32,
        curves=(
            ClassCurves(label="no", roc=None, precision_recall=None, calibration=()),
            ClassCurves(label="yes", roc=curve, precision_recall=curve, calibration=bins),
        ),
        confidence_bins=bins,
        positive="yes",
        thresholds=tuple(
            Threshold(
                threshold=threshold,
                true_positive=found,
                false_positive=wrong,
                false_negative=5 - found,
                true_negative=15 - wrong,
                precision=found / (found + wrong) if found else 0.0,
                recall=found / 5,
                f1=2 * found / (5 + found + wrong),
                cost=(wrong + 4 * (5 - found)) / 20,
            )
            for threshold, found, wrong in ((0.1, 5, 9), (0.5, 3, 1), (0.9, 0, 0))
        ),
        slices=(
            Slice(
                column="plan",
                value="",
                rows=4,
                accuracy=Score(value=0.5, low=0.1, high=0.9),
                f1_macro=Score(value=None),
            ),
        ),
        importances=(
            Importance(column="calls", mean=0.2, std=0.05),
            Importance(column="plan", mean=-0.01, std=0.02),
        ),
    )


def _profile() -> Profile:
    return Profile(
        rows=58,
        columns=(
            NumericProfile(
                name="calls",
                missing=0.0,
                edges=(1.0, 3.0),
                shares=(0.25, 0.5, 0.25),
                mean=2.5,
                std=1.5,
                low=0.0,
                high=9.0,
            ),
            CategoricalProfile(name="plan", missing=0.1, shares={"a": 0.7, "b": 0.2}, other=0.1),
            TextProfile(name="note", missing=0.5, edges=(10.0,), shares=(0.5, 0.5), mean=22.0),
        ),
        target={"no": 0.77, "yes": 0.23},
        predictions={"no": 0.8, "yes": 0.2},
        confidence=(0.0,) * 5 + (0.2,) * 5,
    )


def _drift() -> tuple[ColumnDrift, ...]:
    return (
        ColumnDrift(
            name="calls",
            kind="numeric",
            psi=0.3,
            chance=0.05,
            level="strong",
            missing_then=0.0,
            missing_now=0.05,
            bins=("below 1", "1 to 3", "from 3"),
            then=(0.25, 0.5, 0.25),
            now=(0.1, 0.4, 0.5),
            rows_then=58,
            rows_now=20,
        ),
    )


def golden_files() -> dict[str, str]:
    """Return name to content."""
    return {
        "small.html": evaluation_page(
            document(), evaluation(), profile=_profile(), drift=_drift(), title="churn:3"
        ),
        "small.md": evaluation_markdown(document(), evaluation(), drift=_drift(), title="churn:3"),
    }


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for name, content in golden_files().items():
        (GOLDEN / name).write_text(content, "utf-8")
