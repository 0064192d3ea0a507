"""What stands in a program cannot change what a comment on GitHub is made of, nor how long it is."""

import functools
import html
import re
from collections.abc import Iterator, Sequence

from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from deployer.reports.charts.text import clean
from deployer.reviewing.markdown import LIMIT, review_markdown
from deployer.reviewing.markup import code, in_html, plain, row, table_head
from deployer.reviewing.review import Review, Subject
from infra.policy.suppress import Suppression
from infra.resources import Place
from tests.deployer.reviewing.reviewing_kit import open_bucket, reviewed
from tests.infra.review.review_programs_kit import program, resource

BUCKET = "aws:s3/bucket:Bucket"
PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
OURS = {"details", "summary", "b", "br"}
# What GitHub makes links of, or calls people by, outside of code.
ALIVE = re.compile(r"[@#]\w|://|(?i:www\.|gh-\d)")
MARKUP = (
    *(
        "`",
        "```",
        "~~~",
        "|",
        "\\",
        "\\|",
        "\n",
        "\n\n",
        "\r\n",
        "\t",
        "    ",
        "$x$",
        "&lt;",
        "&#64;",
    ),
    *(
        "</details>",
        "</summary>",
        "<details>",
        "<img src=x onerror=alert(1)>",
        "<!--",
        "-->",
        "<br>",
    ),
    *(
        "@team",
        "#12",
        "GH-12",
        "acme/shop#3",
        "http://e.org",
        "www.e.org",
        "a@e.org",
        "<http://e.org>",
    ),
    *(
        "[l](http://e.org)",
        "![i](x)",
        "[l]",
        "]: x",
        "**b**",
        "_i_",
        "~~s~~",
        "- ",
        "1. ",
        "2) ",
        "+ ",
    ),
    *(
        "# h",
        "> q",
        "---",
        "===",
        ":tada:",
        "\x1b[2J",
        "\u202e",
        "\u2028",
        "\x00",
        "\ud800",
        "ü",
        "日本",
    ),
)
NASTY = st.lists(st.sampled_from(MARKUP) | st.text(max_size=6), max_size=12).map("".join)


def spans(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from spans(token.children or ())


def built(text: str) -> list[str]:
    """Return what a comment is made of: every part of it but plain words."""
    found = []
    for token in spans(PARSER.parse(text)):
        if token.type.startswith("html"):
            tags = re.findall(r"</?[a-z]+", token.content)
            found.append(" ".join([token.type, *tags]))
        elif not token.type.startswith("text"):
            found.append(f"{token.type} {token.info}")
    return found


def words(text: str) -> Iterator[str]:
    """Yield what a reader sees outside of code."""
    for token in spans(PARSER.parse(text)):
        if token.type.startswith("text"):
            yield token.content
        elif token.type.startswith("html"):
            yield html.unescape(re.sub(r"</?[a-z]+>|<!-- deployer review -->", "", token.content))


def shown_of(nasty: str) -> Review:
    """Return a review in which what the user names is `nasty`, wherever that can be."""
    place = Place(f"{nasty}.py", 3)
    before = program(resource(BUCKET, nasty, bucket="1"), cloud="aws")
    after = program(
        resource(BUCKET, nasty, bucket=f"{nasty}2", tags={"k": nasty}, place=place),
        resource("shop:own:Thing", nasty + "2", place=place),
        cloud="aws",
        region="eu-central-1",
    )
    let = [Suppression("DEP001", "*", nasty + ".", "2026-12-31")]
    subject = Subject(after, before, against=nasty, folder=nasty)
    return reviewed(subject, suppressions=let, notes=[nasty if nasty.strip() else "-", "a note"])


@functools.cache
def harmless() -> list[str]:
    return built(review_markdown(shown_of("harmless"), title="harmless"))


@settings(deadline=None, max_examples=25)
@given(NASTY)
@example("</details><img src=x onerror=alert(1)> @team ```\n# x | y [l](http://e)")
@example("- 1. # > ```")
@example("1. www.e.org GH-12 #12 \\| `")
@example("")
def test_nothing_in_a_program_is_markup(nasty: str) -> None:
    text = review_markdown(shown_of(nasty), title=nasty)
    assert built(text) == harmless()
    alive = [each for each in words(text) if ALIVE.search(each)]
    assert not alive
    tags = set(re.findall(r"</?([a-z]+)", " ".join(each for each in built(text) if "html" in each)))
    assert tags <= OURS


@settings(deadline=None, max_examples=80)
@given(NASTY)
@example("- x")
@example("12) x")
@example("-")
@example("`a`` b")
def test_words_and_labels_are_shown_as_they_are(nasty: str) -> None:
    lines = [
        table_head(("a", "b")),
        row((plain(nasty), code(nasty, most=1000))),
        "",
        f"- {plain(nasty)}",
    ]
    tokens = list(spans(PARSER.parse("\n".join(lines))))
    seen = "".join(each.content for each in tokens if each.type.startswith("text"))
    wanted = " ".join(clean(nasty).split())
    assert " ".join(seen.replace("\u2060", "").split()).startswith("ab")
    told = " ".join(seen.replace("\u2060", "").removeprefix("ab").split())
    assert told.replace(" ", "") == (wanted * 2).replace(" ", "").replace("\u2060", "")
    (label,) = [each.content for each in tokens if each.type == "code_inline"]
    assert " ".join(label.split()) == (wanted or "(blank)")
    assert [
        each.type for each in tokens if each.type.startswith(("list", "bullet", "ordered"))
    ] == [*("bullet_list_open", "list_item_open", "list_item_close", "bullet_list_close")]
    assert html.unescape(in_html(nasty)).replace("\u2060", "") == clean(nasty).replace("\u2060", "")


def test_a_comment_that_is_cut_says_so_and_how_to_see_the_rest() -> None:
    many = [resource(BUCKET, f"bucket-{i}", i, tags={"k": "v" * 50}) for i in range(150)]
    text = review_markdown(reviewed(program(*many, cloud="aws", region="eu-central-1")))
    note = text.rpartition("---")[2]
    found = re.search(r"\*\*([\d,]+) of ([\d,]+) lines are left out\*\*", note)
    assert found is not None
    left, every = (int(each.replace(",", "")) for each in found.groups())
    told = [int(each.replace(",", "")) for each in re.findall(r"… and ([\d,]+) more\.", text)]
    assert sum(told) == left < every
    assert "GitHub takes 65,536 characters" in note
    assert "without `-o markdown`, or with `-o json`" in note
    whole = review_markdown(reviewed(program(*many[:3], cloud="aws", region="eu-central-1")))
    assert "left out" not in whole


def test_one_endless_text_leaves_room_for_the_others() -> None:
    endless = "x`|" * 15_000
    rule = next(each.rule for _, each in reviewed(open_bucket()).counting)
    let = [Suppression(rule, "open", endless, "2026-12-31")]
    found = reviewed(open_bucket(), suppressions=let, notes=[endless, "a note"])
    text = review_markdown(found, title=endless)
    assert len(text) <= LIMIT
    for each in ("### Findings", "### Suppressed", "### Notes", "diff\n", "- a note"):
        assert each in text, each


def test_a_comment_is_never_too_long() -> None:
    names = [f"{''.join(MARKUP)}{i}" for i in range(150)]
    text = review_markdown(
        reviewed(program(*(resource(BUCKET, each) for each in names), cloud="aws"))
    )
    assert LIMIT * 0.8 < len(text) <= LIMIT
    assert len(text.encode()) <= 4 * LIMIT
    assert built(text).count("fence diff") == 1
    opened = [each.count("<details") - each.count("</details") for each in built(text)]
    assert sum(opened) == 0
    assert "left out" in text
