"""From prepared rows to a model in memory, with its evidence; writes nothing."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from deployer.evaluation.evaluate import evaluate
from deployer.evaluation.importances import importances
from deployer.packaging.cells import MISSING_MARKERS
from deployer.packaging.documents import (
    CategoricalInput,
    Choice,
    Evaluation,
    Input,
    LabelOutput,
    MissingValues,
    Outputs,
    ProbabilitiesOutput,
    Schema,
)
from deployer.training.data import Prepared, inputs_of, to_frame
from deployer.training.families import FAMILIES, build_pipeline, categories, fit
from deployer.training.options import Options
from deployer.training.selection import (
    EXPECTED_COST,
    Crew,
    Progress,
    Selection,
    choose_metric,
    choose_threshold,
    select,
)
from deployer.training.serving import Served, serve
from deployer.training.split import Split, stratified_split

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["Built", "build_model"]

Say = Callable[[str], None]


@dataclass(frozen=True)
class Built:
    """A model in memory.

    Attributes:
        choice: the metric that decided.
        selection: how the candidates compared.
        split: which rows were held out, as indices into those that have a class.
        arrays: all rows as the model takes them.
        labels: their classes.
        served: the model as files, with its answers for all rows.
        evaluation: its scores on the held-out rows.

    """

    choice: Choice
    selection: Selection
    split: Split
    arrays: "Mapping[str, NDArray[Any]]"
    labels: "NDArray[Any]"
    served: Served
    evaluation: Evaluation


def build_model(
    prepared: Prepared,
    arrays: "Mapping[str, NDArray[Any]]",
    options: Options,
    *,
    target: str,
    done: Say,
    warn: Say,
    progress: Progress | None = None,
    crew: Crew | None = None,
) -> Built:
    """Return the best candidate, fitted on the training rows and scored on the held-out ones.

    The held-out rows meet the finished model once: splitting comes first, and search, choice,
    threshold and calibration see the training rows alone.

    Args:
        prepared: the rows that have a class.
        arrays: of these rows, one of shape (N, 1) per column to learn from.
        options: what there is to decide.
        target: the column to learn.
        done: told of every step that is complete.
        warn: told of every warning.
        progress: shows how far the comparison is.
        crew: processes to compare with, in place of starting some.

    Raises:
        UsageError: too few rows for the split, options that do not fit the data, or nothing that
            could be fitted.

    """
    labels = prepared.labels
    split = stratified_split(labels, test_size=options.test_size, seed=options.seed)
    learnt = labels[split.train]
    choice = choose_metric(
        options.metric, dict(Counter(learnt.tolist())), options.costs, options.positive
    )
    done(f"metric {choice.metric}: {choice.why}")
    frame = to_frame(arrays)
    fitted_on = frame.iloc[split.train]
    selection = select(
        fitted_on,
        learnt,
        classes=prepared.classes,
        kinds=prepared.features.kinds,
        families=options.candidates,
        strategy=options.strategy,
        trials=options.trials,
        folds=options.folds,
        metric=choice.metric,
        positive=choice.positive,
        costs=choice.costs,
        budget=options.budget,
        seed=options.seed,
        jobs=options.jobs,
        progress=progress,
        select_k=options.select,
        pca=options.pca,
        crew=crew,
    )
    for message in selection.warnings:
        warn(message)
    best = selection.best
    family = FAMILIES[best.family]
    pipeline = build_pipeline(
        family,
        prepared.features.kinds,
        seed=options.seed,
        rows=len(learnt),
        classes=len(prepared.classes),
        select=options.select,
        pca=options.pca,
    ).set_params(**best.params)
    for message in fit(pipeline, fitted_on, learnt.tolist()):
        warn(f"{family.title}: {message}")
    done(f"fitted {family.title} on {len(split.train)} rows, held out {len(split.test)}")
    schema = _schema(prepared, split, categories(pipeline), target=target, choice=choice)
    schema = _with_threshold(schema, choice, learnt, selection)
    served = serve(pipeline, schema, arrays)
    evaluation = _evaluate(prepared, options, choice, split, arrays, served)
    return Built(choice, selection, split, arrays, labels, served, evaluation)


def _schema(
    prepared: Prepared,
    split: Split,
    known: "Mapping[str, list[str]]",
    *,
    target: str,
    choice: Choice,
) -> Schema:
    inputs: list[Input] = [
        replace(each, categories=tuple(known[each.name]))
        if isinstance(each, CategoricalInput)
        else each
        for each in inputs_of(prepared, split.train)
    ]
    return Schema(
        inputs=tuple(inputs),
        missing_values=MissingValues(markers=MISSING_MARKERS),
        outputs=Outputs(
            label=LabelOutput(classes=tuple(prepared.classes), positive=choice.positive),
            probabilities=ProbabilitiesOutput(shape=(None, len(prepared.classes))),
        ),
        target=target,
        ignored=tuple(each.name for each in prepared.features.ignored),
    )


def _with_threshold(
    schema: Schema, choice: Choice, learnt: "NDArray[Any]", selection: Selection
) -> Schema:
    """Add the threshold that costs least on rows that the models behind it had not seen."""
    if choice.costs is None or choice.positive is None:
        return schema
    label = schema.outputs.label
    of_positive = selection.out_of_fold[:, label.classes.index(choice.positive)]
    threshold = choose_threshold(learnt, of_positive, choice.positive, choice.costs)
    outputs = replace(schema.outputs, label=replace(label, threshold=threshold))
    return replace(schema, outputs=outputs)


def _evaluate(
    prepared: Prepared,
    options: Options,
    choice: Choice,
    split: Split,
    arrays: "Mapping[str, NDArray[Any]]",
    served: Served,
) -> Evaluation:
    held_out = {name: array[split.test] for name, array in arrays.items()}
    expected = prepared.labels[split.test]
    answers = served.answers
    kinds = prepared.features.kinds
    counts = Counter(prepared.labels[split.train].tolist())
    return evaluate(
        expected,
        answers.labels[split.test],
        answers.probabilities[split.test],
        prepared.classes,
        source="holdout",
        data=prepared.table.sha256,
        positive=choice.positive,
        threshold=served.schema.outputs.label.threshold,
        costs=choice.costs,
        columns={name: held_out[name] for name in kinds if kinds[name] == "categorical"},
        importances=importances(
            served.classifier.predict,
            held_out,
            expected,
            prepared.classes,
            metric=choice.metric if choice.metric != EXPECTED_COST else "accuracy",
            positive=choice.positive,
            seed=options.seed,
        ),
        baseline=max(prepared.classes, key=lambda label: counts[label]),
        seed=options.seed,
    )
