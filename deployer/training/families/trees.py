"""Decision tree, random forest, gradient boosting."""

from typing import Any

from deployer.training.families.model import Family, Uniform

__all__ = ["BOOSTING", "FOREST", "MAX_TREE_ROWS", "TREE", "make_boosting", "make_forest"]

# Each tree of a forest is fitted on at most about as many rows, drawn anew for each: time and the
# size of the model stay bounded.
MAX_TREE_ROWS = 20_000
_TREES = 100
# A leaf of a tree that was fitted on the greatest number of rows has at least this many.
_LEAF_OF_MANY = 5


def _tree(seed: int, rows: int, classes: int) -> Any:
    from sklearn.tree import DecisionTreeClassifier  # noqa: PLC0415 - seconds to import

    return DecisionTreeClassifier(max_depth=10, min_samples_leaf=2, random_state=seed)


def make_forest(seed: int, rows: int, classes: int) -> Any:
    """Return a forest whose size is bounded whatever the number of rows."""
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415 - as above

    per_tree = min(rows, MAX_TREE_ROWS)
    return RandomForestClassifier(
        n_estimators=_TREES,
        min_samples_leaf=max(1, _LEAF_OF_MANY * per_tree // MAX_TREE_ROWS),
        # A share, not a number: folds have fewer rows.
        max_samples=None if per_tree == rows else per_tree / rows,
        random_state=seed,
        n_jobs=1,
    )


def make_boosting(seed: int, rows: int, classes: int) -> Any:
    """Return gradient boosting on histograms.

    It does not stop early: that needs every class twice, and it is quick enough without.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - as above

    return HistGradientBoostingClassifier(early_stopping=False, random_state=seed)


TREE = Family(
    name="tree",
    title="Decision tree",
    make=_tree,
    needs_scaling=False,
    grid={"classify__max_depth": (4, 10, None), "classify__min_samples_leaf": (2, 10)},
    distributions={
        "classify__max_depth": [3, 4, 6, 8, 10, 14, None],
        "classify__min_samples_leaf": [1, 2, 5, 10, 20, 50],
        "classify__criterion": ["gini", "log_loss"],
    },
)
FOREST = Family(
    name="forest",
    title="Random forest",
    make=make_forest,
    needs_scaling=False,
    grid={"classify__max_features": ("sqrt", 0.5), "classify__min_samples_leaf": (1, 5)},
    distributions={
        "classify__max_features": ["sqrt", 0.2, 0.5, 0.8],
        "classify__min_samples_leaf": [1, 2, 5, 10],
        "classify__max_depth": [6, 12, None],
    },
)
BOOSTING = Family(
    name="boosting",
    title="Gradient boosting",
    make=make_boosting,
    needs_scaling=False,
    dense=True,
    grid={"classify__learning_rate": (0.05, 0.1), "classify__max_leaf_nodes": (7, 31)},
    distributions={
        "classify__learning_rate": Uniform(0.02, 0.3),
        "classify__max_leaf_nodes": [5, 7, 15, 31, 63],
        "classify__min_samples_leaf": [5, 10, 20, 50],
        "classify__l2_regularization": [0.0, 0.1, 1.0, 10.0],
    },
)
