"""The model card: what was measured and nothing else, whatever the classes are called."""

import contextlib
import io
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from msgspec.structs import replace

from deployer.packaging.documents import (
    CategoricalInput,
    Golden,
    GoldenRow,
    LabelOutput,
    MissingValues,
    NumericInput,
    Outputs,
    ProbabilitiesOutput,
    Schema,
    Serving,
)
from deployer.packaging.layout import encode
from deployer.packaging.papers.markdown import front_matter
from deployer.packaging.papers.model_card import render_card
from deployer.packaging.profile import profile_of
from tests.deployer.packaging.papers.papers_kit import Papers, papers

HOSTILE = [
    "a|b",
    "null",
    "yes",
    "1e3",
    "---",
    "- x: y",
    "two\nlines",
    "`code`",
    "*bold* _it_ __b__",
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "![x](https://evil.example/x.png)",
    "https://evil.example",
    "&lt;b&gt;",
    "back\\slash\\|",
    "quote\"quote'",
    "# head",
    "~~gone~~",
    "é\u2028\x7f\U0001f427",
    "",
    "{{ braces }}",
    "a" * 200,
]


def card(made: Papers, **options: Any) -> str:
    return render_card(
        made.document,
        schema=made.schema,
        metrics=made.metrics,
        evaluation=made.evaluation,
        **options,
    )


def front(text: str) -> dict[str, Any]:
    """What a reader of YAML makes of the part between the first two lines of three dashes."""
    assert text.startswith("---\n")
    found: dict[str, Any] = yaml.safe_load(text[4 : text.index("\n---\n", 4)])
    return found


class Page(HTMLParser):
    """The page as a browser has it: tags, links and the cells of tables."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.rows: list[list[str]] = []
        self.cell: list[str] | None = None
        body = text[text.index("\n---\n", 4) + 5 :]
        self.feed(
            MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(body)
        )

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.cell = []

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"} and self.cell is not None:
            self.rows[-1].append("".join(self.cell))
            self.cell = None

    def handle_data(self, data: str) -> None:
        if self.cell is not None:
            self.cell.append(data)


PLAIN = {"h1", "h2", "h3", "p", "ul", "li", "table", "thead", "tbody", "tr", "th", "td"} | {
    "pre",
    "code",
}


def shown(label: str) -> str:
    line = " ".join(label.split())
    line = line if len(line) <= 80 else line[:79] + "…"
    return "".join(each if each.isprintable() else "\ufffd" for each in line) or "(empty)"


def test_the_front_matter_is_hugging_faces() -> None:
    found = front(card(papers(), name="penguins", license_id="mit"))
    assert found["license"] == "mit"
    assert found["library_name"] == "sklearn"
    assert found["pipeline_tag"] == "tabular-classification"
    assert found["tags"] == ["sklearn", "skops", "onnx", "tabular-classification"]
    (model,) = found["model-index"]
    assert model["name"] == "penguins"
    (result,) = model["results"]
    assert result["task"]["type"] == "tabular-classification"
    assert result["dataset"]["revision"] == "sha256:" + "a" * 64
    assert result["metrics"][:3] == [
        {
            "type": "accuracy",
            "value": 0.9512,
            "name": "accuracy, 95% interval 0.900 to 0.980",
        },
        {
            "type": "f1",
            "value": 0.9423,
            "name": "f1 macro, 95% interval 0.880 to 0.970",
            "args": {"average": "macro"},
        },
        {"type": "log_loss", "value": 1e-05, "name": "log loss"},
    ]
    # What is not defined is no number.
    assert len(result["metrics"]) == 3
    assert "license" not in front(card(papers()))


def test_hostile_classes_are_text_in_yaml_and_markdown() -> None:
    made = papers(classes=HOSTILE, target="---\nx: 1", columns=("<b>|", "a|`b`"))
    text = card(made)
    args = front(text)["model-index"][0]["results"][0]["dataset"]["args"]
    assert args == {"target": "---\nx: 1", "classes": HOSTILE}
    page = Page(text)
    assert page.tags <= PLAIN
    firsts = [row[0] for row in page.rows]
    for label in HOSTILE:
        assert firsts.count(shown(label)) >= 2, label  # results by class, and counts
    assert "<" not in text[text.index("\n# ") : text.index("```python")]
    # An address alone is a link, too, for GitHub.
    assert "https://evil" not in text[text.index("\n# ") :]
    assert ["a|`b`", shown(HOSTILE[-1])] == page.rows[firsts.index("a|`b`")][:2]


@given(st.lists(st.text(max_size=30), min_size=2, max_size=5, unique=True), st.text(max_size=30))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_text_at_all_is_text(classes: list[str], name: str) -> None:
    text = card(papers(classes=classes, target=name, columns=(name, name + "2")))
    args = front(text)["model-index"][0]["results"][0]["dataset"]["args"]
    assert args == {"target": name, "classes": classes}
    page = Page(text)
    assert page.tags <= PLAIN
    matrix = ["true class", *map(shown, classes)]
    assert matrix in page.rows
    for label in classes:
        assert shown(label) in [row[0] for row in page.rows]


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    )
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_yaml_reads_back_as_what_was_written(value: Any) -> None:
    lines = front_matter({"key": value, "last": 1})
    assert yaml.safe_load("\n".join(lines[1:-2])) == {"key": value, "last": 1}


def test_the_numbers_are_those_that_were_measured() -> None:
    made = papers()
    rows = Page(card(made)).rows
    assert ["accuracy", "0.951", "0.900 to 0.980"] in rows
    assert ["roc_auc_ovr_macro", "n/a", "n/a"] in rows
    for each, line in zip(made.metrics.classes, made.metrics.confusion, strict=True):
        assert [each.label, *map(str, line)] in rows
        assert [
            each.label,
            f"{each.support} (few)",
            "0.930",
            f"{each.recall:.3f}",
            "0.500 to 0.990",
            "0.920",
        ] in rows
    assert ["softmax", "C = 1.0", "3", "0.940", "0.010"] in rows
    assert ["svm", "cannot tell Adelie", "0", "n/a", "n/a"] in rows
    assert ["40", "0.950", "0.900"] in rows
    assert ["bill", "0.3100", "0.0200"] in rows
    assert ["bill", "2"] in rows
    assert ["numpy", "2.4.6"] in rows


def limits(made: Papers) -> str:
    text = card(made)
    return text[text.index("## Intended use") : text.index("## Results")]


def test_limits_follow_from_the_numbers() -> None:
    said = limits(papers())
    assert f"{papers().metrics.rows} rows of the training table that were held out" in said
    assert "Class “Adelie” had 13 held-out rows, of 60 in the table" in said
    recalls = {each.label: each.recall for each in papers().metrics.classes}
    worst = min(recalls, key=recalls.__getitem__)
    assert f"Class “{worst}” is missed most often: {100 - 100 * recalls[worst]:.3g}%" in said
    assert "where “island” is “Gentoo”: accuracy 0.500 (0.300 to 0.700) on 12 rows" in said
    assert "A category that no training row had" in said
    assert "1 of 2 columns" in said
    assert "3 rows of the table had no class" in said
    assert "not shown to be better" not in said
    assert "ended when its time was over" not in said
    assert "scikit-learn to answer" not in said


def test_a_model_no_better_than_none_is_said_to_be() -> None:
    assert "not shown to be better than no model at all" in limits(papers(low=0.43))


def test_other_limits_are_said_where_they_are() -> None:
    made = papers(classes=("no", "yes"), serving=Serving(runtime="skops", reason="ONNX differs"))
    search = replace(made.document.training.search, budget_ended=True)
    rows = replace(made.document.training.rows, sampled=100)
    run = replace(made.document.training, search=search, rows=rows)
    label = LabelOutput(classes=("no", "yes"), positive="yes", threshold=0.25)
    said = limits(
        Papers(
            replace(made.document, training=run),
            replace(made.schema, outputs=replace(made.schema.outputs, label=label)),
            made.metrics,
            made.evaluation,
        )
    )
    assert "ended when its time was over" in said
    assert "Only 100 rows" in said
    assert "“yes” from a probability of 0.250 on" in said
    assert "scikit-learn to answer: ONNX differs." in said


def test_many_classes_make_a_short_card() -> None:
    classes = [f"class {i}" for i in range(400)]
    made = papers(classes=classes)
    text = card(made)
    assert len(text.splitlines()) < 1000
    rows = Page(text).rows
    errors = rows[rows.index(["true class", "answer", "rows"]) + 1 :][:10]
    assert len(errors) == 10
    for true, answer, count in errors:
        i, j = classes.index(true), classes.index(answer)
        assert int(count) == made.metrics.confusion[i][j] == 3
    assert "The 50 of 400 with the least recall" in text
    assert "So it is with" not in limits(papers())
    assert max(map(len, Page(text).rows)) == 6


def test_nothing_but_the_documents_goes_into_it() -> None:
    assert card(papers()) == card(papers())
    bare = papers()
    text = render_card(bare.document, schema=bare.schema, metrics=bare.metrics)
    assert "profile.json" not in text
    assert "Calibration" not in text
    nothing: np.ndarray[Any, np.dtype[np.float32]] = np.empty(0, dtype=np.float32)
    profile = profile_of([], {}, ["a"] * 157, ["a"], [], nothing)
    assert "over the 157 rows" in card(bare, profile=profile)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Schema, str]:
    """A folder with a small model of numbers and categories in both forms, and its answer."""
    import pandas as pd
    import skops.io
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "size": random.normal(size=90).astype(np.float32),
            "place": pd.Series(random.choice(["a", "b", ""], 90), dtype=object),
        }
    )
    labels = np.where(frame["place"] == "a", "no", "yes")
    steps = [
        ("n", SimpleImputer(), ["size"]),
        ("c", OneHotEncoder(handle_unknown="ignore"), ["place"]),
    ]
    pipeline = make_pipeline(ColumnTransformer(steps), LogisticRegression()).fit(frame, labels)
    out = tmp_path_factory.mktemp("served")
    onnx = to_onnx(
        pipeline,
        initial_types=[
            ("size", FloatTensorType([None, 1])),
            ("place", StringTensorType([None, 1])),
        ],
        options={"zipmap": False},
        target_opset=17,
    )
    for each in (*onnx.graph.input, *onnx.graph.node):
        if each.name in {"size", "place"}:
            each.name = f"in_{each.name}"
        if hasattr(each, "input"):
            each.input[:] = [f"in_{i}" if i in {"size", "place"} else i for i in each.input]
    (out / "model.onnx").write_bytes(onnx.SerializeToString())
    (out / "model.skops").write_bytes(skops.io.dumps(pipeline))
    schema = Schema(
        inputs=(
            NumericInput(name="size", tensor="in_size", missing=1),
            CategoricalInput(name="place", tensor="in_place", missing=0, categories=("a", "b")),
        ),
        missing_values=MissingValues(markers=("",)),
        outputs=Outputs(
            label=LabelOutput(tensor="label", classes=("no", "yes")),
            probabilities=ProbabilitiesOutput(tensor="probabilities", shape=(None, 2)),
        ),
        target="answer",
    )
    row: dict[str, float | str | None] = {"size": None, "place": None}
    frame.loc[0] = [np.nan, ""]
    answer = pipeline.predict_proba(frame.iloc[:1])[0]
    label = str(pipeline.classes_[answer.argmax()])
    golden = Golden(
        rows=(
            GoldenRow(
                row=1, split="test", inputs=row, label=label, probabilities=tuple(answer.tolist())
            ),
        )
    )
    (out / "schema.json").write_bytes(encode(schema))
    (out / "golden.json").write_bytes(encode(golden))
    return out, schema, f"{label} [{answer[0]:.4f} {answer[1]:.4f}]"


@pytest.mark.parametrize("runtime", ["onnx", "skops"])
def test_the_lines_on_how_to_use_it_run_as_they_are(
    runtime: Any, served: tuple[Path, Schema, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, schema, expected = served
    made = papers(classes=("no", "yes"), serving=Serving(runtime=runtime, trusted=("numpy.dtype",)))
    text = render_card(made.document, schema=schema, metrics=made.metrics)
    (snippet,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "1")
    printed = io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(printed):
        exec(compile(snippet, "README.md", "exec"), {})
    label, *probabilities = re.findall(r"[\w.]+", printed.getvalue())
    assert f"{label} [{float(probabilities[0]):.4f} {float(probabilities[1]):.4f}]" == expected
