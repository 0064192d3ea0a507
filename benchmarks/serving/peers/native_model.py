"""Write the benchmark's model as a peer keeps models; run by the peer's own interpreter.

``native_model.py FORMAT WEIGHTS.npz OUT``: FORMAT is ``joblib`` or ``mlflow``, WEIGHTS holds what
the package's pipeline was fitted to. So every server computes with the same numbers, in objects of
the scikit-learn that it has, and none loads a file of another version.
"""

import sys

import joblib  # type: ignore[import-untyped]  # it has no types
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler


def pipeline_from(weights: str) -> Pipeline:
    """Return a fitted pipeline of a scaler and a logistic regression."""
    with np.load(weights) as file:
        scaler = StandardScaler()
        scaler.mean_, scaler.scale_ = file["mean"], file["scale"]
        scaler.var_, scaler.n_features_in_ = scaler.scale_**2, len(scaler.mean_)
        classifier = LogisticRegression()
        classifier.coef_, classifier.intercept_ = file["coef"], file["intercept"]
        classifier.classes_ = np.arange(len(classifier.intercept_))
        classifier.n_features_in_ = scaler.n_features_in_
    return make_pipeline(scaler, classifier)


if __name__ == "__main__":
    form, source, out = sys.argv[1:]
    model = pipeline_from(source)
    if form == "mlflow":
        import mlflow.sklearn  # type: ignore[import-not-found]  # in an environment of its own

        mlflow.sklearn.save_model(model, out, pyfunc_predict_fn="predict_proba")
    else:
        joblib.dump(model, out)
