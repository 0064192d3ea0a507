"""The steps of ``deployer train``, written down directly with scikit-learn, for comparison.

Run as ``python -m benchmarks.direct_training DATA.csv TARGET OUT FAMILY…``. It reads, holds rows
out, cross-validates each family, fits the best, scores it, proves an ONNX file equal to it and
writes both. It leaves out what scikit-learn does not have: the quality report, confidence
intervals, slices, the drift profile, fingerprints, the card, the bill of materials, the report.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import skops.io
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.calibration import calibration_curve
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    classification_report,
    confusion_matrix,
    log_loss,
    matthews_corrcoef,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)
from sklearn.model_selection import StratifiedKFold, cross_val_predict, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

JOBS = 2
FAMILIES = {
    "softmax": lambda: LogisticRegression(max_iter=1000),
    "tree": lambda: DecisionTreeClassifier(max_depth=10, min_samples_leaf=2, random_state=0),
    "boosting": lambda: HistGradientBoostingClassifier(early_stopping=False, random_state=0),
}


def pipeline_of(family: str, columns: list[str]) -> Any:
    """Return the pipeline that anybody would write."""
    steps: list[Any] = [SimpleImputer(strategy="median")]
    if family == "softmax":
        steps.append(StandardScaler())
    return make_pipeline(
        make_column_transformer((make_pipeline(*steps), columns)), FAMILIES[family]()
    )


def score(expected: Any, labels: Any, probabilities: Any, classes: list[str]) -> dict[str, Any]:
    """Return every number that scikit-learn has for it."""
    wide = np.column_stack([expected == label for label in classes]).astype(int)
    found: dict[str, Any] = {
        "report": classification_report(expected, labels, output_dict=True),
        "balanced": balanced_accuracy_score(expected, labels),
        "matthews": matthews_corrcoef(expected, labels),
        "confusion": confusion_matrix(expected, labels).tolist(),
        "log_loss": log_loss(expected, probabilities),
        "brier": brier_score_loss(expected, probabilities),
        "average_precision": average_precision_score(wide, probabilities, average=None).tolist(),
    }
    for way in ("ovr", "ovo"):
        for average in ("macro", "weighted"):
            found[f"auc_{way}_{average}"] = roc_auc_score(
                expected, probabilities, multi_class=way, average=average
            )
    for index in range(len(classes)):
        roc_curve(wide[:, index], probabilities[:, index])
        precision_recall_curve(wide[:, index], probabilities[:, index])
        calibration_curve(wide[:, index], probabilities[:, index], n_bins=10)
    return found


def main() -> None:
    """Train and write."""
    data, target, out, *families = sys.argv[1:]
    frame = pd.read_csv(data)
    labels = frame.pop(target).astype(str).to_numpy(dtype=object)
    columns = list(frame.columns)
    fit_x, test_x, fit_y, test_y = train_test_split(
        frame, labels, test_size=0.25, random_state=0, stratify=labels
    )
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    best: tuple[float, str] = (-1.0, "")
    for family in families:
        predicted = cross_val_predict(
            pipeline_of(family, columns), fit_x, fit_y, cv=folds, n_jobs=JOBS
        )
        best = max(best, (float((predicted == fit_y).mean()), family))
    pipeline = pipeline_of(best[1], columns).fit(fit_x, fit_y)
    probabilities = pipeline.predict_proba(test_x)
    classes = list(pipeline.classes_)
    numbers = score(test_y, pipeline.predict(test_x), probabilities, classes)
    sample = test_x.iloc[:2000]
    permutation_importance(pipeline, sample, test_y[:2000], n_repeats=5, random_state=0)
    model = to_onnx(
        pipeline,
        initial_types=[(name, FloatTensorType([None, 1])) for name in columns],
        options={"zipmap": False},
    ).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    numbers_in = {name: frame[[name]].to_numpy(dtype=np.float32) for name in columns}
    answered = session.run(None, numbers_in)
    differs = int((answered[0] != pipeline.predict(frame)).sum())
    largest = float(np.abs(answered[1] - pipeline.predict_proba(frame)).max())
    target_folder = Path(out)
    target_folder.mkdir(parents=True)
    (target_folder / "model.onnx").write_bytes(model)
    skops.io.dump(pipeline, target_folder / "model.skops")
    numbers |= {"best": best[1], "differs": differs, "largest": largest}
    (target_folder / "numbers.json").write_text(json.dumps(numbers))


if __name__ == "__main__":
    main()
