"""The page of an evaluation: whole, safe, and true to the numbers."""

import base64
import hashlib
import re
from collections import Counter
from functools import cache

import msgspec
import pytest

from deployer.packaging.documents import Baseline, NumericProfile, Profile, Score
from deployer.reports import evaluation_markdown, evaluation_page
from deployer.reports.sections.features import day
from deployer.reports.sections.verdict import verdict
from tests.deployer.reports.page_kit import Page, read_page
from tests.deployer.reports.samples import SAMPLES, page
from tests.deployer.reports.small_report import document, evaluation

CURVES = "ROC and precision-recall"


@cache
def html_of(name: str) -> str:
    return page(SAMPLES[name]())


@cache
def page_of(name: str) -> Page:
    return read_page(html_of(name))


@pytest.mark.parametrize("name", SAMPLES)
def test_nothing_can_run_or_be_fetched(name: str) -> None:
    found = page_of(name)
    allowed = (
        "html head meta title style body a header h1 p div nav ol li main dl dt dd section h2 b "
        "figure figcaption details summary table caption thead tbody tr th td span bdi svg g path "
        "rect circle text desc"
    )
    assert {tag for tag, _ in found.elements} <= set(allowed.split())
    for tag, attributes in found.elements:
        assert not [key for key in attributes if key.startswith("on")], tag
        assert not attributes.keys() & {"src", "srcset", "style", "xlink:href", "action", "data"}
        assert attributes.get("href", "#").startswith("#")
    assert not found.comments
    assert "url(" not in html_of(name)
    assert "@import" not in html_of(name)


@pytest.mark.parametrize("name", SAMPLES)
def test_the_policy_allows_the_style_sheet_and_nothing_else(name: str) -> None:
    metas = page_of(name).named("meta")
    policies = [m["content"] for m in metas if m.get("http-equiv") == "Content-Security-Policy"]
    (style,) = page_of(name).texts["style"]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policies == [
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    ]


@pytest.mark.parametrize("name", SAMPLES)
def test_the_page_is_well_formed(name: str) -> None:
    found = page_of(name)
    assert not found.unbalanced
    ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert not [each for each, count in Counter(ids).items() if count > 1]
    for _, attributes in found.elements:
        for key in ("aria-labelledby", "aria-describedby"):
            assert attributes.get(key, ids[0]) in ids
    anchors = [each["href"][1:] for each in found.named("a")]
    assert anchors == ["main", *(each["id"] for each in found.named("section"))]


@pytest.mark.parametrize("name", SAMPLES)
def test_every_chart_has_words_and_every_section_a_table_or_facts(name: str) -> None:
    found = page_of(name)
    charts = [each for each in found.named("svg") if each.get("role") == "img"]
    assert len(charts) == len(found.named("svg")) == len(found.named("figure"))
    assert all(text.strip() for text in found.texts["figcaption"])
    assert all(text.strip() for text in found.texts["desc"])
    for part in html_of(name).split("<section ")[1:]:
        if "<svg" in part:
            assert "<table>" in part, part[:80]


def test_the_pages_are_of_a_size_that_can_be_sent() -> None:
    assert len(html_of("digits").encode()) < 500_000
    assert len(html_of("penguins").encode()) < 200_000


def test_two_thousand_columns_fit_on_a_page() -> None:
    column = NumericProfile(
        name="c", missing=0, edges=(1,), shares=(0.5, 0.5), mean=1, std=1, low=0, high=2
    )
    columns = tuple(msgspec.structs.replace(column, name=f"c{i}") for i in range(2000))
    profile = Profile(rows=9, columns=columns, target={}, predictions={}, confidence=())
    html = evaluation_page(document(), evaluation(), profile=profile, title="wide")
    assert len(html.encode()) < 500_000
    assert "The first 300 of 2000 columns" in html
    assert "1928 more are not drawn" in html


def test_the_same_evaluation_gives_the_same_bytes() -> None:
    assert page(SAMPLES["nasty"]()) == html_of("nasty")


def test_the_numbers_are_on_the_page() -> None:
    sample = SAMPLES["penguins"]()
    cells = page_of("penguins").texts["td"]
    metrics = sample.evaluation.metrics
    for score in metrics.scores.values():
        assert score.value is not None
        assert f"{score.value:.3f}" in cells
    for row in metrics.confusion:
        for number in row:
            assert str(number) in cells
    for each in sample.evaluation.importances:
        assert f"{abs(each.mean):.4f}" in {cell.lstrip("−") for cell in cells}  # noqa: RUF001
    body = " ".join(page_of("penguins").texts["main"])
    assert sample.document.training.choice.why in body
    assert sample.document.training.data.sha256 in body
    for finding in sample.document.training.findings:
        assert finding.message in body
        assert finding.advice in body
    for column in sample.drift:
        assert column.name in page_of("penguins").texts["th"]


def test_parts_without_data_are_left_out() -> None:
    assert page_of("penguins").texts["h2"] == [
        "Scores", "Classes", "Confusion matrix", CURVES, "Calibration", "Slices", "Candidates",
        "Importance", "Columns", "Drift", "Data quality", "How it was made",
    ]  # fmt: skip
    assert "Thresholds" in page_of("breast_cancer").texts["h2"]
    least = msgspec.structs.replace(
        evaluation(), curves=(), confidence_bins=(), thresholds=(), slices=(), importances=(),
        positive=None,
    )  # fmt: skip
    run = msgspec.structs.replace(
        document().training,
        findings=(),
        search=msgspec.structs.replace(document().training.search, candidates=()),
    )
    bare = msgspec.structs.replace(document(), training=run)
    found = read_page(evaluation_page(bare, least, profile=None, title="bare"))
    assert found.texts["h2"] == ["Scores", "Classes", "Confusion matrix", "How it was made"]


def test_the_threshold_in_use_stands_out() -> None:
    rows = re.findall(r'<tr class="strong"><th[^>]*><bdi>([^<]*)', html_of("breast_cancer"))
    assert "0.120" in rows


def test_hostile_names_are_words_and_nothing_else() -> None:
    found = page_of("nasty")
    assert found.texts["h1"] == ["</svg><script>alert(1)</script> & co"]
    shown = found.texts["th"]
    assert "a 'quoted' & \"double\" <label>" in shown
    assert "{{ 7 * 7 }} {% raw %}" in shown
    assert "javascript:alert(1)" in shown
    assert "(blank)" in shown
    assert "x" * 200 in shown
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f]", html_of("nasty"))


def test_findings_are_escaped_too() -> None:
    run = msgspec.structs.replace(
        document().training,
        choice=msgspec.structs.replace(document().training.choice, why="<img src=x onerror=y>"),
    )
    html = evaluation_page(
        msgspec.structs.replace(document(), training=run, family="<b>", target="</title><script>"),
        evaluation(),
        profile=None,
        title="</title><script>x</script>",
    )
    found = read_page(html)
    assert not found.named("script")
    assert not found.named("img")
    assert found.texts["title"][0] == "</title><script>x</script>"


def test_no_text_moves_its_neighbours() -> None:
    finding = msgspec.structs.replace(
        document().training.findings[0], message="a\u202eb\x00c\ud800d"
    )
    run = msgspec.structs.replace(document().training, findings=(finding,))
    made = msgspec.structs.replace(document(), training=run)
    html = evaluation_page(made, evaluation(), profile=None, title="t\u2066\nu")
    assert "a\ufffdb\ufffdc\ufffdd" in html
    assert "<title>t\ufffd u</title>" in html
    assert html.encode()


@pytest.mark.parametrize(
    ("low", "high", "constant", "tone", "words"),
    [
        (0.7, 0.9, 0.6, "good", "clearly better"),
        (0.7, 0.9, 0.75, "unsure", "may be chance"),
        (0.7, 0.9, 0.85, "unsure", "not been shown to be better"),
        (0.7, 0.9, 0.95, "bad", "worse"),
        (None, None, 0.6, "good", "clearly better"),
    ],
)
def test_the_verdict_compares_with_the_constant_answer(
    low: float | None, high: float | None, constant: float, tone: str, words: str
) -> None:
    metrics = msgspec.structs.replace(
        evaluation().metrics,
        scores={"accuracy": Score(value=0.8, low=low, high=high)},
        baseline=Baseline(label="no", accuracy=constant, macro_f1=0.4),
    )
    said = verdict(msgspec.structs.replace(evaluation(), metrics=metrics))
    assert said[0] == tone
    assert words in said[1]
    assert "80.0% of 20 rows" in said[1]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "1970-01-01"),
        (1709164800, "2024-02-29"),
        (951782400, "2000-02-29"),
        (-1, "1969-12-31"),
        (-62135596801, "0000-12-31"),
        (253402300800, "10000-01-01"),
        (None, "–"),  # noqa: RUF001
        (float("nan"), "–"),  # noqa: RUF001
    ],
)
def test_dates_of_any_year(seconds: float | None, shown: str) -> None:
    assert day(seconds) == shown


def test_markdown_shows_names_as_they_are() -> None:
    sample = SAMPLES["nasty"]()
    said = evaluation_markdown(
        sample.document, sample.evaluation, drift=sample.drift, title=sample.title
    )
    outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", said)
    assert not re.search(r"(?<!\\)[<>]", outside)
    assert "](" not in re.sub(r"\\.", "", outside)
    assert "@everyone" not in outside
    tables = [line for line in said.splitlines() if line.startswith("|")]
    for block in re.findall(r"(?:^\|.*\n)+", said, flags=re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(widths) == 1, block
    assert tables
    assert "class" in said


def test_markdown_cells_hold_bars() -> None:
    classes = tuple(
        msgspec.structs.replace(each, label=f"{each.label}|b")
        for each in evaluation().metrics.classes
    )
    metrics = msgspec.structs.replace(evaluation().metrics, classes=classes)
    said = evaluation_markdown(
        document(), msgspec.structs.replace(evaluation(), metrics=metrics), title="bars"
    )
    assert "| `yes\\|b` | 5 |" in said


def test_drift_is_sorted_by_its_index() -> None:
    sample = SAMPLES["penguins"]()
    greatest = max(sample.drift, key=lambda each: each.psi or 0.0)
    section = html_of("penguins").split('<section id="drift"')[1]
    rows = re.findall(r'<th scope="row"[^>]*><bdi>([^<]*)', section)
    assert rows[0] == greatest.name
