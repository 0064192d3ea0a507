"""Words of any text: the same ones in Python and in the graph."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from deployer.packaging.conversion.graph import Graph
from deployer.packaging.conversion.prose import convert_words
from deployer.packaging.words import Words, split_words
from tests.deployer.packaging.graph_kit import run

# Letters of many kinds, those that have odd capitals among them.
HARD = (
    "aAzZ09_ \t\n\r\v\f\0.,;:!?-'\"/\\@#|~^[](){}*+$%&<>=`äÄßẞİıſΣσςЖжéǅﬁ"
    "e\u0301\u0308\u200b\u200d\u200e\u00a0\u2028\ufeff\ufe0f中文字日本語かなカナ한글\uff26\uff55"
    "😀👩‍👩‍👧🏳️‍🌈𝔘𐍈\u00b2\u00bd\u00d7\u00f7٣\ud7ff\ue000\uffff\U0010ffff"
)
TEXTS = st.text() | st.text(alphabet=HARD) | st.text(alphabet="abAB \n")


def column(texts: list[str]) -> NDArray[Any]:
    array = np.empty((len(texts), 1), dtype=object)
    array[:, 0] = texts
    return array


def check(known: list[str], asked: list[str]) -> None:
    words = Words(max_words=50).fit(column(known))
    graph = Graph()
    found = run(graph, "string", convert_words(graph, words, ["x"]))(column(asked))
    expected = words.transform(column(asked)).toarray()
    assert found.shape == expected.shape
    assert np.abs(found - expected).max(initial=0.0) <= 1e-15
    lengths = np.sqrt((expected**2).sum(axis=1))
    assert np.isclose(lengths, 1).all() or np.isclose(lengths[~np.isclose(lengths, 1)], 0).all()


@settings(max_examples=250, deadline=None)
@given(known=st.lists(TEXTS, min_size=1, max_size=6), asked=st.lists(TEXTS, min_size=1, max_size=6))
@example(known=["Groß GROSS groß"], asked=["GROß", ""])
@example(known=["İstanbul istanbul"], asked=["İSTANBUL \u0131stanbul"])
@example(known=["a"], asked=["", "-", "\0"])
@example(known=["", " "], asked=["a"])
@example(known=[HARD], asked=list(HARD))
def test_any_text(known: list[str], asked: list[str]) -> None:
    # What was learnt is asked too: else most words are unknown.
    check(known, [*asked, *known])


def test_every_character_is_alike() -> None:
    """All code points but surrogates, which are no text."""
    everything = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    blocks = ["x".join(everything[at : at + 500]) for at in range(0, len(everything), 500)]
    some = [*blocks[:20], *blocks[80:140:5], *blocks[-3:]]
    check(some, some)


def test_a_very_long_text() -> None:
    check(["word " * 20_000 + "end", "short"], ["x" * 500_000, "word " * 30_000, ""])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The QUICK, brown fox!", ["the", "quick", "brown", "fox"]),
        ("Über_x2 naïve", ["Über_x2", "naïve"]),
        ("中文字", ["中", "文", "字"]),
        ("한글 단어", ["한글", "단어"]),
        ("a\u2014b\u00a0c\u3000d", ["a", "b", "c", "d"]),
        ("", []),
    ],
)
def test_what_a_word_is(text: str, expected: list[str]) -> None:
    assert split_words(text) == expected


def test_scikit_learn_weighs_alike() -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = ["the cat sat", "the dog sat on the cat", "", "birds"]
    expected = TfidfVectorizer(token_pattern=r"\w+").fit_transform(texts)
    found = Words().fit_transform(column(texts))
    assert np.array_equal(found.toarray(), expected.toarray())


def test_only_the_most_frequent_words_count() -> None:
    words = Words(max_words=2).fit(column(["b b b a a c", "a b d"]))
    assert sorted(words.vectorizers_[0].vocabulary_) == ["a", "b"]
