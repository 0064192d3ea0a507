"""Which types a skops file of ours may hold beyond those that skops itself trusts.

Every name was looked at: what it is made from when it is loaded, and that this is data. The list
is part of this program, never of a file.
"""

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["TRUSTED", "TRUSTED_FUNCTIONS"]

# Full name to why it is harmless; the families and steps that need it are in brackets.
TRUSTED: Mapping[str, str] = MappingProxyType(
    {
        "deployer.packaging.dates.DateParts": "ours: arithmetic without state [dates]",
        "deployer.packaging.words.Words": "ours: holds scikit-learn's vectorisers [text]",
        # SimpleImputer keeps one; read from an empty array, with pickle forbidden.
        "numpy.dtype": "the type of an array [all]",
        "sklearn.calibration._CalibratedClassifier": "two fitted estimators [ovo, svm]",
        "sklearn.calibration._TemperatureScaling": "one number [ovo, svm]",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor": (
            "arrays of nodes [boosting, voting]"
        ),
        "sklearn.feature_selection._univariate_selection.f_classif": (
            "a function of arrays, called in fit alone [--select]"
        ),
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer": "arrays [mlp]",
        # Its __setstate__ checks the arrays of nodes.
        "sklearn.tree._tree.Tree": "arrays of nodes [tree, forest, voting]",
        "sklearn.utils._bunch.Bunch": "a dict [voting]",
    }
)
# Those of them that are functions; no other function is let in.
TRUSTED_FUNCTIONS = frozenset(["sklearn.feature_selection._univariate_selection.f_classif"])
