"""The model card: Markdown with the front matter that Hugging Face's cards have.

The fields are those of https://huggingface.co/docs/hub/model-cards and of its ``model-index``.
Every sentence and number comes from the model's own documents; text of the user's, such as a class
or a column, stays text whatever is in it. Long lists are cut: the documents have them whole.
"""

from collections.abc import Mapping
from typing import Any

from deployer.packaging.documents import Evaluation, Metrics, ModelDocument, Profile, Schema
from deployer.packaging.papers.card_results import results
from deployer.packaging.papers.card_usage import usage
from deployer.packaging.papers.facts import limits_of, number, percent, quoted, use_of
from deployer.packaging.papers.markdown import bullets, escaped, front_matter, table

__all__ = ["render_card"]

_TYPES = {"brier": "brier_score", "matthews": "matthews_correlation"}
_LONG = 200
_LISTED = 50
_AVERAGED = ("precision", "recall", "f1")


def render_card(
    document: ModelDocument,
    *,
    schema: Schema,
    metrics: Metrics,
    evaluation: Evaluation | None = None,
    profile: Profile | None = None,
    name: str = "",
    license_id: str = "",
) -> str:
    """Return the card.

    Args:
        document: the entry document; its files are not looked at.
        schema: what goes in and comes out.
        metrics: scores on the held-out rows.
        evaluation: the same at length.
        profile: of the training rows.
        name: of the model; otherwise the target's.
        license_id: of the model, as Hugging Face spells it; none is claimed otherwise.

    """
    title = name or f"{document.target} classifier"
    lines = [
        *front_matter(_front(document, metrics, title, license_id)),
        f"# {escaped(title)}",
        "",
        (
            f"A {escaped(document.family)} model, fitted on {document.training.rows.train} rows of "
            f"a table to tell {len(document.classes)} classes of {escaped(document.target)} apart. "
            "This page was written from what was measured."
        ),
        "",
        "## Intended use and limits",
        "",
        *bullets([use_of(document), *limits_of(document, schema, metrics, evaluation)]),
        *results(metrics, evaluation),
        *_data(document, schema, profile),
        *_chosen(document),
        *usage(document, schema),
        *_environment(document),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def _front(
    document: ModelDocument, metrics: Metrics, title: str, license_id: str
) -> dict[str, Any]:
    onnx = ["onnx"] if document.serving.runtime == "onnx" else []
    return {
        **({"license": license_id} if license_id else {}),
        "library_name": "sklearn",
        "pipeline_tag": "tabular-classification",
        "tags": ["sklearn", "skops", *onnx, "tabular-classification"],
        "model_format": "skops",
        "model_file": "model.skops",
        "model-index": [
            {
                "name": title,
                "results": [
                    {
                        "task": {
                            "type": "tabular-classification",
                            "name": "Tabular Classification",
                        },
                        "dataset": {
                            "type": document.training.data.format,
                            "name": "held-out rows of the training table",
                            "revision": f"sha256:{document.training.data.sha256}",
                            "split": "test",
                            "args": {
                                "target": document.target,
                                "classes": list(document.classes),
                            },
                        },
                        "metrics": [
                            _metric(key, score.value, _named(key, score.low, score.high, metrics))
                            for key, score in metrics.scores.items()
                            if score.value is not None
                        ],
                    }
                ],
            }
        ],
    }


def _named(key: str, low: float | None, high: float | None, metrics: Metrics) -> str:
    words = key.replace("_", " ")
    if low is None or high is None:
        return words
    return f"{words}, {percent(metrics.confidence)} interval {number(low)} to {number(high)}"


def _metric(key: str, value: float, name: str) -> dict[str, Any]:
    kind, _, average = key.partition("_")
    if kind in _AVERAGED and average:
        return {"type": kind, "value": value, "name": name, "args": {"average": average}}
    return {"type": _TYPES.get(key, key), "value": value, "name": name}


def _data(document: ModelDocument, schema: Schema, profile: Profile | None) -> list[str]:
    run = document.training
    total = sum(run.classes.values())
    missing = [[each.name, str(each.missing)] for each in schema.inputs if each.missing]
    lines = [
        "## Data",
        "",
        (
            f"One {run.data.format} file of {run.data.size} bytes, SHA-256 `{run.data.sha256}`: "
            f"{run.rows.table} rows, of which {run.rows.train} were fitted on, {run.rows.test} held "
            f"out, and {run.rows.without_target} left out for want of a class."
        ),
        "",
        *table(
            ["class", "rows", "share"],
            [
                [label, str(count), percent(count / total if total else 0.0)]
                for label, count in sorted(run.classes.items(), key=_commonest)[:_LISTED]
            ],
            numbers=2,
        ),
        f"The model has {len(schema.inputs)} inputs.{_most(len(run.classes), 'classes')}",
        "",
    ]
    if missing:
        lines += table(["column", "training rows without a value"], missing, numbers=1)
    if run.ignored:
        lines += table(
            ["column not used", "why"], [[each.name, each.reason] for each in run.ignored]
        )
    if run.findings:
        lines += ["### What the quality report found", ""]
        lines += bullets(
            f"{each.level}: {each.message} {each.advice}".rstrip()
            for each in run.findings[:_LISTED]
        )
    if profile is not None:
        lines += [
            (
                f"`profile.json` holds the distribution of every input over the {profile.rows} rows "
                "fitted on: later rows that are distributed otherwise have drifted, and the scores "
                "above are then no promise."
            ),
            "",
        ]
    return lines


def _of(column: str | None) -> str:
    return "" if column is None else f", column {quoted(column)}"


def _commonest(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]


def _most(count: int, what: str) -> str:
    return f" Of its {count} {what} the table shows the commonest." if count > _LISTED else ""


def _chosen(document: ModelDocument) -> list[str]:
    choice, search = document.training.choice, document.training.search
    how = (
        f"Each candidate was cross-validated over {search.folds} folds of the training rows"
        if search.folds
        else "The candidates were not cross-validated"
    )
    lines = [
        "## How it was chosen",
        "",
        f"The candidates were compared by {escaped(choice.metric)}: {escaped(choice.why)}",
        "",
        f"{how}; settings were searched by the strategy {search.strategy}. Greater is better.",
        "",
    ]
    if search.candidates:
        lines += table(
            ["candidate", "settings", "tried", "mean", "spread"],
            [
                [
                    each.family,
                    each.problem or _settings(each.params),
                    str(each.tried),
                    number(each.mean),
                    number(each.std),
                ]
                for each in search.candidates
            ],
            numbers=3,
            width=_LONG,
        )
    return lines


def _settings(params: Mapping[str, object]) -> str:
    return ", ".join(f"{key.rpartition('__')[2]} = {value}" for key, value in params.items())


def _environment(document: ModelDocument) -> list[str]:
    return [
        "## Environment",
        "",
        f"Seed {document.training.seed}; `requirements.txt` pins every package.",
        "",
        *table(["package", "version"], [list(each) for each in document.libraries.items()]),
    ]
