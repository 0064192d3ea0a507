"""Preprocessing and classifier as one scikit-learn pipeline."""

from collections.abc import Mapping
from typing import Any

from deployer.training.families.model import Family
from deployer.training.preprocess import make_preprocessor

__all__ = ["build_pipeline", "categories"]


def build_pipeline(
    family: Family,
    kinds: Mapping[str, str],
    *,
    seed: int,
    rows: int,
    classes: int,
    select: int | None = None,
    pca: float | None = None,
) -> Any:
    """Return the pipeline, not fitted: steps ``preprocess``, ``select``, ``pca``, ``classify``.

    Args:
        family: the kind of classifier.
        kinds: column to ``numeric``, ``categorical``, ``text`` or ``date``.
        seed: of all that is drawn at random.
        rows: about as many as it will be fitted on.
        classes: how many there are.
        select: how many of the preprocessed columns to keep, those that differ most between the
            classes (F test); None for all, without that step.
        pca: how many principal components to keep, or, below 1, what share of the variance they
            must explain; None for no such step.

    """
    from sklearn.pipeline import Pipeline  # noqa: PLC0415 - seconds to import

    scale = family.needs_scaling or pca is not None
    dense = family.dense or pca is not None
    steps = [("preprocess", make_preprocessor(kinds, scale=scale, dense=dense))]
    if select is not None:
        from sklearn.feature_selection import SelectKBest  # noqa: PLC0415 - as above

        steps.append(("select", SelectKBest(k=select)))
    if pca is not None:
        from sklearn.decomposition import PCA  # noqa: PLC0415 - as above

        kept = int(pca) if pca >= 1 else pca
        steps.append(("pca", PCA(n_components=kept, svd_solver="full", random_state=seed)))
    steps.append(("classify", family.estimator(seed=seed, rows=rows, classes=classes)))
    return Pipeline(steps)


def categories(pipeline: Any) -> dict[str, list[str]]:
    """Return the categories that the fitted pipeline knows, per categorical column, sorted.

    The empty text, a missing category, is not among them.
    """
    known = pipeline.named_steps["preprocess"].named_transformers_
    if "categorical" not in known:
        return {}
    encoder = known["categorical"]
    return {
        str(name): [str(each) for each in seen if each]
        for name, seen in zip(encoder.feature_names_in_, encoder.categories_, strict=True)
    }
