"""``deployer train``."""

import re
import shlex
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from deployer.cli.durations import DURATION
from deployer.cli.options import shared_options
from deployer.cli.output import Output
from deployer.cli.task_progress import TaskProgress
from deployer.errors import UsageError

__all__ = ["train"]

FAMILIES = ("softmax", "ovr", "ovo", "tree", "forest", "svm", "boosting", "mlp", "voting")


@click.command()
@click.argument("data", metavar="DATA", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--target", required=True, metavar="COLUMN", help="The column to learn.")
@click.option(
    "--out",
    default="model",
    show_default=True,
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The model directory to make.",
)
@click.option(
    "--metric",
    default="auto",
    show_default=True,
    help="What decides between candidates, such as accuracy, f1_macro or roc_auc.",
)
@click.option(
    "--candidates",
    metavar="A,B,…",
    help=f"Families to compare, or 'all': {','.join(FAMILIES)}. [softmax,forest,boosting]",
)
@click.option(
    "--search",
    type=click.Choice(["none", "grid", "random", "halving"]),
    default="random",
    show_default=True,
    help="How settings are searched; none takes each family as it is.",
)
@click.option(
    "--trials",
    default=5,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="Settings per family (random, halving).",
)
@click.option(
    "--folds",
    default=5,
    show_default=True,
    type=click.IntRange(2, 100),
    help="Folds of the cross-validation.",
)
@click.option(
    "--budget",
    default="5m",
    show_default=True,
    type=DURATION,
    help="Time for the comparison; every family is tried once at least.",
)
@click.option(
    "--cost-fp", type=click.FloatRange(0), help="What a false positive costs (two classes)."
)
@click.option(
    "--cost-fn", type=click.FloatRange(0), help="What a false negative costs (two classes)."
)
@click.option("--positive", metavar="CLASS", help="The positive one of two classes. [the rarer]")
@click.option(
    "--test-size",
    default=0.25,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Share of the rows to hold out for the evaluation.",
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0, 2**32 - 1),
    help="The same seed, data and options give the same model, byte for byte.",
)
@click.option("--drop", multiple=True, metavar="COL", help="Leave a column out; repeatable.")
@click.option(
    "--categorical", multiple=True, metavar="COL", help="Read a column as categories; repeatable."
)
@click.option("--text", multiple=True, metavar="COL", help="Read a column as prose; repeatable.")
@click.option("--date", multiple=True, metavar="COL", help="Read a column as dates; repeatable.")
@click.option(
    "--select",
    type=click.IntRange(1),
    metavar="K",
    help="Keep the K best features of the preprocessed ones.",
)
@click.option(
    "--pca",
    type=click.FloatRange(0, min_open=True),
    metavar="N|SHARE",
    help="Principal components: their number, or the variance to explain, such as 0.95.",
)
@click.option(
    "--sample",
    type=click.IntRange(10),
    metavar="N",
    help="Read N rows, drawn evenly; for files larger than memory.",
)
@click.option("--jobs", type=click.IntRange(1, 512), help="Processes. [one per processor]")
@click.option("--force", is_flag=True, help="Replace the model in --out.")
@shared_options
def train(data: Path, *, target: str, out: Path, force: bool, output: Output, **given: Any) -> None:
    """Train a classifier from a table, compare candidates, and package the best with its evidence.

    DATA is CSV with a header line, Parquet or JSON Lines; '-' reads from stdin. Cells may be
    missing. Rows are held out first: candidates are compared by cross-validation on the others,
    and only the winner meets the held-out rows, once. That very model is packaged for serving,
    after a proof that its ONNX file gives the pipeline's answers on every row.

    \b
    Examples:
      deployer train penguins.csv --target species
      deployer train churn.parquet --target churned --positive yes --cost-fp 1 --cost-fn 20
      deployer train penguins.csv --target species --candidates all --search halving --budget 10m
      deployer train penguins.csv --target species -o json | jq .metrics.scores.accuracy
    """  # noqa: D301 - click wants the backspace itself
    from deployer.cli.training_summary import document, print_summary  # noqa: PLC0415 - as below
    from deployer.training.options import Options  # noqa: PLC0415 - not needed for --help
    from deployer.training.train import train as train_model  # noqa: PLC0415 - slow to import

    candidates = _candidates(given["candidates"])
    options = Options(
        drop=given["drop"],
        categorical=given["categorical"],
        text=given["text"],
        dates=given["date"],
        test_size=given["test_size"],
        seed=given["seed"],
        metric=given["metric"],
        positive=given["positive"],
        costs=_costs(given["cost_fp"], given["cost_fn"]),
        **({"candidates": candidates} if candidates else {}),
        strategy=given["search"],
        trials=given["trials"],
        folds=given["folds"],
        budget=_seconds(given["budget"]),
        jobs=given["jobs"],
        select=given["select"],
        pca=given["pca"],
        sample=given["sample"],
    )
    with TaskProgress(output) as progress:
        result = train_model(
            data,
            target=target,
            out=out,
            options=options,
            force=force,
            done=output.done,
            warn=output.warn,
            progress=progress,
        )
    if output.json:
        output.emit(document(result))
    else:
        print_summary(result, output)
        name = re.sub(r"[^a-z0-9]+", "-", data.stem.lower()).strip("-") or "model"
        next_ = shlex.join(["deployer", "push", str(out), name, "--clouds", "aws,gcp,azure"])
        output.say(f"\nnext: {next_}")


def _candidates(given: str | None) -> tuple[str, ...]:
    if given is None:
        return ()
    if given.strip() == "all":
        return FAMILIES
    names = tuple(dict.fromkeys(name.strip() for name in given.split(",") if name.strip()))
    unknown = [name for name in names if name not in FAMILIES]
    if unknown or not names:
        raise UsageError(
            f"there is no candidate '{unknown[0]}'" if unknown else "--candidates names none",
            hint=f"choose from {', '.join(FAMILIES)}, or all",
        )
    return names


def _costs(false_positive: float | None, false_negative: float | None) -> Any:
    from deployer.packaging.documents import Costs  # noqa: PLC0415 - as above

    if false_positive is None and false_negative is None:
        return None
    if false_positive is None or false_negative is None:
        raise UsageError(
            "one cost alone says nothing",
            hint="give both, such as --cost-fp 1 --cost-fn 20",
        )
    if false_positive == false_negative == 0:
        raise UsageError("no error costs anything", hint="give one of the costs a value")
    return Costs(false_positive=false_positive, false_negative=false_negative)


def _seconds(budget: timedelta) -> float:
    return budget.total_seconds()
