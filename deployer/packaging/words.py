r"""Prose to numbers: a scikit-learn transformer of ours, part of pipelines with text.

scikit-learn's own vectoriser cannot be repeated in an ONNX graph for every text. It turns letters
to lower case as Python does; ONNX Runtime does so by the rules of a locale, which a small container
may not have, or by those of ASCII, which are the same everywhere. It splits by Python's ``\w``;
the regular expressions of ONNX Runtime (RE2) mean ASCII by that. So both sides here go by what they
have in common: capitals A to Z become small, and words are runs of characters in ranges that are
written out.
"""

import re
from typing import TYPE_CHECKING, Any

from sklearn.base import BaseEstimator, TransformerMixin

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SINGLE_RANGES", "WORD_RANGES", "Words", "pattern", "split_words"]

# Code points, first and last. Runs of the first kind are a word: ASCII letters and digits, the
# underscore, and all from U+00C0 on that is neither general punctuation nor a symbol block.
WORD_RANGES = (
    (0x30, 0x39),
    (0x41, 0x5A),
    (0x5F, 0x5F),
    (0x61, 0x7A),
    (0xAA, 0xAA),
    (0xB5, 0xB5),
    (0xBA, 0xBA),
    (0xC0, 0xD6),
    (0xD8, 0xF6),
    (0xF8, 0x1FFF),
    (0x2C00, 0x2DFF),
    (0xA000, 0xD7FF),
    (0xFF10, 0xFF19),
    (0xFF21, 0xFF3A),
    (0xFF41, 0xFF5A),
    (0xFF66, 0xFFDC),
    (0x10000, 0x1F2FF),
)
# Each of the second kind is a word by itself: Chinese and Japanese write no spaces, and a picture
# says what a word does.
SINGLE_RANGES = ((0x3040, 0x9FFF), (0xF900, 0xFAFF), (0x1F300, 0x1FAFF), (0x20000, 0x3FFFF))

_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def pattern(escape: str) -> str:
    """Return the regular expression of a word.

    Args:
        escape: how a code point is written, as a format of an integer.

    """
    runs, singles = (
        "".join(f"{escape % low}-{escape % high}" for low, high in ranges)
        for ranges in (WORD_RANGES, SINGLE_RANGES)
    )
    return f"[{runs}]+|[{singles}]"


_SPACED = "[^ ]+"
_WORD = re.compile(pattern("\\U%08x"))


def split_words(text: str) -> list[str]:
    """Return the words of `text`, A to Z in lower case."""
    return _WORD.findall(text.translate(_LOWER))


class Words(TransformerMixin, BaseEstimator):  # type: ignore[misc] # sklearn has no types
    """Columns of prose to TF-IDF, each with a vocabulary of its own.

    Term frequency times ``ln((1 + n) / (1 + df)) + 1``, then every row divided by its Euclidean
    norm: scikit-learn's ``TfidfVectorizer`` at its defaults, except for what a word is.

    Args:
        max_words: of a column; the most frequent ones.

    Attributes:
        vectorizers_: a fitted ``TfidfVectorizer`` per column; None for one without any word,
            which becomes a column of zeros.

    """

    def __init__(self, max_words: int = 5000) -> None:
        self.max_words = max_words

    def fit(self, X: Any, y: Any = None) -> "Words":  # noqa: N803 - scikit-learn's name
        """Learn the words of every column of a data frame."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: Any, y: Any = None) -> Any:  # noqa: N803 - scikit-learn's name
        """Learn the words, and return what :meth:`transform` would."""
        from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - slow

        self.n_features_in_ = X.shape[1]
        self.vectorizers_: list[Any] = []
        parts = []
        for texts in _columns(X):
            words = _spaced(texts)
            vectorizer = None
            if any(words):
                vectorizer = TfidfVectorizer(
                    lowercase=False, token_pattern=_SPACED, max_features=self.max_words
                )
                parts.append(vectorizer.fit_transform(words))
            else:
                parts.append(_nothing(len(words)))
            self.vectorizers_.append(vectorizer)
        return _beside(parts)

    def transform(self, X: Any) -> Any:  # noqa: N803 - scikit-learn's name
        """Return a sparse float64 matrix of shape (N, words of all columns)."""
        return _beside(
            [
                _nothing(len(X)) if vectorizer is None else vectorizer.transform(_spaced(texts))
                for vectorizer, texts in zip(self.vectorizers_, _columns(X), strict=True)
            ]
        )


def _columns(table: Any) -> "list[Sequence[str]]":
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

    return list(np.asarray(table, dtype=object).T)


def _spaced(texts: "Sequence[str]") -> list[str]:
    """Return the texts as words with one space between, which no word holds."""
    return [" ".join(split_words(str(text))) for text in texts]


def _nothing(rows: int) -> Any:
    from scipy.sparse import csr_array  # noqa: PLC0415 - slow to import

    return csr_array((rows, 1), dtype=float)


def _beside(parts: list[Any]) -> Any:
    from scipy.sparse import hstack  # noqa: PLC0415 - as above

    return hstack(parts, format="csr")
