"""A soft vote: the mean of the probabilities of three families that err differently."""

from typing import Any

from deployer.training.families.linear import SOFTMAX
from deployer.training.families.model import Family
from deployer.training.families.trees import BOOSTING, FOREST

__all__ = ["VOTING"]

# Scaling does nothing to trees, so that all members can share it.
_MEMBERS = (SOFTMAX, FOREST, BOOSTING)


def _voting(seed: int, rows: int, classes: int) -> Any:
    from sklearn.ensemble import VotingClassifier  # noqa: PLC0415 - seconds to import

    members = [(each.name, each.make(seed, rows, classes)) for each in _MEMBERS]
    return VotingClassifier(members, voting="soft", n_jobs=1, flatten_transform=False)


VOTING = Family(
    name="voting",
    title="Soft vote",
    make=_voting,
    needs_scaling=True,
    dense=True,
    grid={"classify__softmax__C": (0.1, 1.0, 10.0), "classify__boosting__max_leaf_nodes": (7, 31)},
    distributions={
        "classify__softmax__C": SOFTMAX.distributions["classify__C"],
        "classify__forest__min_samples_leaf": [1, 2, 5, 10],
        "classify__boosting__max_leaf_nodes": [5, 7, 15, 31],
    },
)
