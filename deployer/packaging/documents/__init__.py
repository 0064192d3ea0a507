"""The documents of a model package, field by field; every one is JSON, in this order of fields.

::

    base     what all of them have in common
    inputs   schema.json: what goes in and what comes out
    metrics  metrics.json and evaluation.json: what the model scores
    golden   golden.json: rows with the exact answers
    profile  profile.json: what the training rows looked like
    run      how the model came about
    model    model.json: the entry document
"""

from deployer.packaging.documents.base import (
    Document,
)
from deployer.packaging.documents.golden import (
    Golden,
    GoldenRow,
)
from deployer.packaging.documents.inputs import (
    CategoricalInput,
    DateInput,
    Input,
    LabelOutput,
    MissingValues,
    NumericInput,
    Outputs,
    ProbabilitiesOutput,
    Schema,
    TextInput,
)
from deployer.packaging.documents.metrics import (
    Baseline,
    CalibrationBin,
    ClassCurves,
    ClassMetrics,
    Curve,
    Evaluation,
    Importance,
    Metrics,
    Parity,
    Score,
    Slice,
    Threshold,
)
from deployer.packaging.documents.model import (
    FileEntry,
    ModelDocument,
    Serving,
)
from deployer.packaging.documents.profile import (
    CategoricalProfile,
    ColumnProfile,
    NumericProfile,
    Profile,
    TextProfile,
)
from deployer.packaging.documents.run import (
    Candidate,
    Choice,
    Costs,
    Finding,
    IgnoredColumn,
    RowCounts,
    Search,
    TrainingData,
    TrainingRun,
)

__all__ = [
    "Baseline",
    "CalibrationBin",
    "Candidate",
    "CategoricalInput",
    "CategoricalProfile",
    "Choice",
    "ClassCurves",
    "ClassMetrics",
    "ColumnProfile",
    "Costs",
    "Curve",
    "DateInput",
    "Document",
    "Evaluation",
    "FileEntry",
    "Finding",
    "Golden",
    "GoldenRow",
    "IgnoredColumn",
    "Importance",
    "Input",
    "LabelOutput",
    "Metrics",
    "MissingValues",
    "ModelDocument",
    "NumericInput",
    "NumericProfile",
    "Outputs",
    "Parity",
    "ProbabilitiesOutput",
    "Profile",
    "RowCounts",
    "Schema",
    "Score",
    "Search",
    "Serving",
    "Slice",
    "TextInput",
    "TextProfile",
    "Threshold",
    "TrainingData",
    "TrainingRun",
]
