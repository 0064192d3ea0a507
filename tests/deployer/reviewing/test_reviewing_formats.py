"""The same review for a terminal, a comment, a program and a picture."""

import json
import re
from xml.etree import ElementTree as ET

import jsonschema_rs
import pytest

from deployer.reviewing.document import review_document, review_schema
from deployer.reviewing.markdown import LIMIT, MARKER, review_markdown
from deployer.reviewing.picture import review_picture
from deployer.reviewing.plans import programs_in
from deployer.reviewing.review import Review, Subject
from deployer.reviewing.terminal import terminal_lines
from deployer.reviewing.words import DASH, change_words, money, token_words, value_words
from infra.policy.suppress import Suppression
from infra.resources import COMPUTED, SECRET
from infra.review.differing import HIDDEN, PropertyChange
from tests.deployer.reviewing.reviewing_kit import (
    changing,
    open_bucket,
    reviewed,
    three_clouds,
)
from tests.infra.review.review_programs_kit import program, resource

BUCKET = "aws:s3/bucket:Bucket"


def shown(review: Review, *, verbose: bool = False) -> str:
    lines = terminal_lines(review, verbose=verbose)
    return "\n".join("".join(span.text for span in line) for line in lines)


def test_every_kind_of_change_has_its_mark_line_and_property() -> None:
    text = shown(changing())
    assert "4 resources, +1 ~1 ±1 -1, against the plan of yesterday" in text
    assert re.search(r"\+ aws:s3:Bucket  new +infra/aws/main.py:6", text)
    assert re.search(
        r"~ aws:s3:Bucket  tagged +infra/aws/main.py:4\n +~ tags.owner: me → you", text
    )
    assert re.search(
        r"± aws:s3:Bucket  moved +infra/aws/main.py:3\n +~ bucket: one → two  forces replacement",
        text,
    )
    assert re.search(r"- aws:s3:Bucket  gone\n +! it is protected", text)
    assert "same" not in re.findall(r"Bucket  (\w+)", text)


def test_findings_name_rule_resource_line_and_mend() -> None:
    text = shown(reviewed(open_bucket()))
    assert re.search(r"high +DEP\d{3} open \(aws/main.py:12\)\n +\S.*\n +→ ", text)
    assert text.splitlines()[-1].startswith("✗ 2 resources: +2 · ")


def test_parity_cost_and_residency_are_shown() -> None:
    text = shown(three_clouds())
    assert re.search(rf"timeout, s +60 +30 +{DASH} +≠", text)
    assert re.search(r"azure +together +\$\d", text)
    assert "an estimate, prices of 2025-06" in text
    assert "assumed: 1,000,000 requests" in text
    assert re.search(r"gcp +europe-west3 +de +2 resources +allowed", text)


def test_suppressed_findings_are_listed_with_reason_and_day_in_every_format() -> None:
    rule = next(each.rule for _, each in reviewed(open_bucket()).counting)
    let = [Suppression(rule, "open", "a reason of ours", "2026-12-31")]
    found = reviewed(open_bucket(), suppressions=let)
    for text in (shown(found), review_markdown(found), json.dumps(review_document(found))):
        assert "a reason of ours" in text
        assert "2026-12-31" in text


def test_json_is_as_its_schema_says_and_can_be_read_again(tmp_path) -> None:  # type: ignore[no-untyped-def]
    schema = review_schema()
    for found in (three_clouds(), changing(), reviewed(open_bucket()), reviewed(program())):
        document = json.loads(json.dumps(review_document(found)))
        jsonschema_rs.validate(schema, document)
        assert document["failed"] is found.failed
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(review_document(three_clouds())))
    again = programs_in(path)
    assert set(again) == {"aws", "gcp", "azure"}
    assert again["gcp"] == three_clouds().parts[1].program


def test_markdown_says_what_matters_first() -> None:
    text = review_markdown(reviewed(open_bucket()), title="penguins")
    assert text.splitlines()[0] == MARKER
    assert text.splitlines()[1] == "## penguins: ❌ does not pass"
    assert text.index("### Findings") < text.index("<b>aws</b>: +2") < text.index("<b>Cost</b>")
    assert "✅ passes" in review_markdown(reviewed(program()))
    assert text.count("<details>") == text.count("</details>")


def test_markdown_is_never_longer_than_github_takes() -> None:
    many = [resource(BUCKET, f"bucket-{i}", i, tags={"k": "v" * 50}) for i in range(400)]
    text = review_markdown(reviewed(program(*many, cloud="aws", region="eu-central-1")))
    assert LIMIT * 0.8 < len(text) <= LIMIT
    assert re.search(r"… and \d{2,} more\.", text)
    # The cut ends no table or fence in the middle.
    assert text.count("<details>") == text.count("</details>")
    assert text.count("```") % 2 == 0
    assert "### Findings" in text
    assert "<b>aws</b>: +400" in text
    assert "<b>Cost</b>" in text


def test_names_and_values_cannot_mark_up_a_comment() -> None:
    nasty = "</details><img src=x onerror=alert(1)> @team ```\n# x | y [l](http://e)"
    before = program(resource(BUCKET, nasty, x="1"), cloud="aws")
    after = program(resource(BUCKET, nasty, x=nasty), cloud="aws")
    text = review_markdown(reviewed(Subject(after, before, against=nasty)), title=nasty)
    outside = re.sub(r"(`{3,})diff.*?\n\1\n", "", text, flags=re.DOTALL)
    outside = re.sub(r"(`+)[^`].*?\1", "", outside)
    assert not re.search(r"(?<!\\)<img", outside)
    assert "@team" not in outside
    assert "http://" not in outside
    assert text.count("</details>") - text.count("`</details>") >= text.count("<details>")
    assert not re.search(r"^# x", text, re.MULTILINE)


def test_a_name_cannot_steer_a_terminal() -> None:
    text = shown(reviewed(program(resource(BUCKET, "a\x1b[2Jb\u202ec"), cloud="aws")))
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_a_picture_is_well_formed_and_has_every_resource() -> None:
    for found in (three_clouds(), changing(), reviewed(program())):
        root = ET.fromstring(review_picture(found))
        names = [each.text for each in root.iter() if each.get("class") == "name"]
        wanted = sum(not each.component for part in found.parts for each in part.program)
        gone = found.counts["delete"]
        assert len(names) == wanted + gone
        assert root.get("role") == "img"


def test_boxes_of_a_picture_do_not_overlap() -> None:
    base = resource(BUCKET, "base")
    rest = [
        resource(BUCKET, f"r{i}", references={"bucket": (base.urn,)}, depends_on=(base.urn,))
        for i in range(60)
    ]
    root = ET.fromstring(review_picture(reviewed(program(base, *rest, cloud="aws"))))
    boxes = [
        (float(each.attrib["x"]), float(each.attrib["y"]))
        for each in root.iter()
        if each.get("class") == "box"
    ]
    assert len(set(boxes)) == len(boxes) == 61
    for x, y in boxes:
        assert not [
            1 for a, b in boxes if (a, b) != (x, y) and abs(a - x) < 196 and abs(b - y) < 36
        ]
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    assert max(x for x, _ in boxes) + 196 < width
    assert max(y for _, y in boxes) + 36 < height


def test_a_picture_marks_changes_and_findings() -> None:
    text = review_picture(reviewed(open_bucket()))
    assert 'class="node create"' in text
    assert 'class="bad"' in text
    assert "prefers-color-scheme: dark" in text
    assert 'class="node delete"' in review_picture(changing())


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (SECRET, "(secret)"),
        (COMPUTED, "(known after deployment)"),
        (HIDDEN, "(not a secret)"),
        ("", '""'),
        (True, "true"),
        ({"a": [1, SECRET]}, '{"a": [1, "(secret)"]}'),
    ],
)
def test_values_in_words(value: object, words: str) -> None:
    assert value_words(value) == words


def test_of_long_values_the_part_that_differs_is_shown() -> None:
    old, new = "a" * 300 + "old" + "b" * 300, "a" * 300 + "new" + "b" * 300
    words = change_words(PropertyChange("p", "change", old, new))
    assert "old" in words
    assert "new" in words
    assert len(words) < 150
    assert len(value_words("x" * 1000)) == 64


def test_money_and_types_in_words() -> None:
    assert (money(1234.5), money(0), money(0.001)) == ("$1,234.50", "$0.00", "< $0.01")
    assert money(3, "EUR") == "EUR 3.00"
    assert token_words("aws:s3/bucket:Bucket") == "aws:s3:Bucket"
    assert token_words("azure-native:app:ContainerApp") == "azure-native:app:ContainerApp"
    assert token_words("odd") == "odd"
