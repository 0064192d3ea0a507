"""Which model: candidates compared by cross-validation, on the training rows alone.

::

    metric      what decides, and why
    threshold   the probability from which a binary model answers with the positive class
    folds       who is held out when, inside the training rows
    scoring     out-of-fold probabilities to one number per fold
    settings    what is tried of each family
    halving     the schedule that drops settings early
    model       Trial, Selection and Progress
    fitting     one task: fit on the other folds, predict one
    crew        the processes
    pool        tasks in this process or in several
    board       what has come back: the best so far
    rounds      the order of the tasks: defaults, then rung by rung
    search      all of it: select()

Nothing here takes a held-out row: a caller passes the training rows, and every number comes from
models that did not see the row they answer for. Tuning and choice happen on the same folds, so the
winner's mean is a little too good; the hold-out gives the honest number.
"""

from deployer.training.selection.crew import Crew
from deployer.training.selection.metric import EXPECTED_COST, choose_metric
from deployer.training.selection.model import Progress, Selection, Trial
from deployer.training.selection.pool import usable_cores
from deployer.training.selection.search import STRATEGIES, select
from deployer.training.selection.threshold import choose_threshold

__all__ = [
    "EXPECTED_COST",
    "STRATEGIES",
    "Crew",
    "Progress",
    "Selection",
    "Trial",
    "choose_metric",
    "choose_threshold",
    "select",
    "usable_cores",
]
