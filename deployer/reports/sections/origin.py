"""How it was made."""

from deployer.packaging.documents import Evaluation, ModelDocument
from deployer.reports.blocks import Facts, Section, Table
from deployer.reports.charts.text import count, percent
from deployer.reports.sections.candidates import settings
from deployer.reports.sections.verdict import source_words

__all__ = ["origin_section", "runtime_words"]


def runtime_words(document: ModelDocument) -> str:
    """Return which file answers and how sure one can be of it."""
    serving = document.serving
    if serving.runtime == "skops":
        why = f": {serving.reason}" if serving.reason else ""
        return f"scikit-learn (skops){why}"
    parity = serving.parity
    if parity is None:
        return "ONNX"
    return (
        f"ONNX; on {count(parity.rows)} rows, {count(parity.labels_equal)} labels equal those of "
        f"the scikit-learn pipeline, probabilities differ by at most "
        f"{parity.max_probability_difference:.2g} (allowed {parity.tolerance:.2g})"
    )


def origin_section(document: ModelDocument, evaluation: Evaluation) -> Section:
    """Return what it takes to make the model again, and which rows were evaluated."""
    run = document.training
    rows = run.rows
    won = next((each for each in run.search.candidates if each.family == document.family), None)
    pairs = [
        ("Family", document.family),
        ("Settings", (settings(won) if won else "") or "as it is"),
        ("Target", document.target),
        (
            "Rows",
            f"{count(rows.table)} in the table, {count(rows.without_target)} without a class, "
            f"{count(rows.train)} fitted on, {count(rows.test)} held out"
            + (f" ({count(rows.sampled)} sampled)" if rows.sampled is not None else ""),
        ),
        ("Seed", str(run.seed)),
        ("Share held out", percent(run.test_size)),
        ("Answers with", runtime_words(document)),
        ("Evaluated", f"{count(evaluation.metrics.rows)} rows {source_words(evaluation)}"),
        ("Training data", f"{run.data.format}, {count(run.data.size)} bytes"),
        ("SHA-256 of the training data", run.data.sha256),
        ("SHA-256 of the evaluated data", evaluation.data),
    ]
    if document.serving.trusted:
        pairs.append(("Types to trust", ", ".join(document.serving.trusted)))
    codes = frozenset({"SHA-256 of the training data", "SHA-256 of the evaluated data"})
    libraries = Table(
        caption="Libraries",
        head=("Package", "Version"),
        rows=sorted(document.libraries.items()),
        text=2,
        folded=True,
    )
    return Section(
        key="origin",
        title="How it was made",
        blocks=[Facts(pairs=pairs, code=codes), libraries],
    )
