"""Fitted scikit-learn estimators as ONNX graphs, written node by node.

General converters compute in float32 and in an order of their own; where classes nearly tie they
name another class than scikit-learn. Here every graph computes in float64 what scikit-learn
computes, trees compare with thresholds that mean the same for float32, and the order of nodes and
their names depend on the model alone.

::

    graph     nodes and constants, named and numbered
    columns   a column transformer: numbers, dates, categories, prose
    calendar  seconds to parts of a date
    prose     text to TF-IDF
    reduce    feature selection and principal components
    linear    logistic regression and what is made of several
    margin    support vector machines
    trees     decision trees, forests, boosting
    answers   probabilities and labels of every classifier
"""

from deployer.packaging.conversion.answers import Answer, convert_classifier
from deployer.packaging.conversion.columns import convert_transformer
from deployer.packaging.conversion.graph import Graph, NoConverterError

__all__ = ["Answer", "Graph", "NoConverterError", "convert_classifier", "convert_transformer"]
