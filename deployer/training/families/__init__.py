"""The candidates: nine kinds of classifier, each behind the same preprocessing.

::

    model      what a family is
    linear     softmax, one-vs-rest and one-vs-one logistic regression
    trees      decision tree, random forest, gradient boosting
    margin     support vector machines
    network    a small neural network
    vote       a soft vote of three of the others
    pipelines  preprocessing and classifier as one pipeline
    fitting    fitted, with warnings instead of surprises
"""

from collections.abc import Mapping
from types import MappingProxyType

from deployer.training.families.fitting import MAX_ITERATIONS, fit
from deployer.training.families.linear import OVO, OVR, SOFTMAX
from deployer.training.families.margin import SVM
from deployer.training.families.model import Family, Value
from deployer.training.families.network import MLP
from deployer.training.families.pipelines import build_pipeline, categories
from deployer.training.families.trees import BOOSTING, FOREST, TREE
from deployer.training.families.vote import VOTING

__all__ = [
    "FAMILIES",
    "MAX_ITERATIONS",
    "Family",
    "Value",
    "build_pipeline",
    "categories",
    "fit",
]

FAMILIES: Mapping[str, Family] = MappingProxyType(
    {each.name: each for each in (SOFTMAX, OVR, OVO, TREE, FOREST, SVM, BOOSTING, MLP, VOTING)}
)
