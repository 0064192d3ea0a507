"""Texts that stand for what a cloud would only tell later, and how they are shown.

A program runs on with them as if they were real (an ARN can be split, a URL parsed), and wherever
one turns up in an input, alone or inside a policy's JSON, it is shown as
``${aws:s3/bucket:Bucket::registry.arn}``. A text made from a secret becomes a secret as a whole.
"""

import hashlib
import re
from typing import Any, NamedTuple

__all__ = ["SECRET", "UNKNOWN", "Marks"]

# As infra.resources has them; the program's own interpreter may lack what that module imports.
SECRET = {"$secret": True}
UNKNOWN = {"$computed": True}

_TOKEN = re.compile(r"z[qs][0-9a-f]{10}", re.IGNORECASE)
_ODD = re.compile(r"[^\w:/.\-@\[\]()]")
_SHORTEST = 4  # a shorter secret would be found in everything


class _Mark(NamedTuple):
    text: str
    at: int  # where in the text its token begins
    label: str
    owner: str


class Marks:
    """The marks of one program.

    Args:
        root: folder of the program; paths below it are told relative to it.

    """

    def __init__(self, root: str = "") -> None:
        self.root = root
        self.owner = ""  # URN of the resource whose outputs are being made
        self._marks: dict[str, _Mark] = {}
        self._values: set[str] = set()

    def make(self, label: str, shape: str = "{}", *, secret: bool = False) -> str:
        """Return a text that stands for the value called `label`; the same one every time.

        Args:
            label: such as ``aws:s3/bucket:Bucket::registry.arn``.
            shape: what it looks like, ``{}`` where the token goes.
            secret: whether a text that it gets into is a secret.

        """
        token = ("zs" if secret else "zq") + hashlib.sha256(label.encode()).hexdigest()[:10]
        text = shape.replace("{}", token)
        self._marks[token] = _Mark(text, text.find(token), _ODD.sub("_", label), self.owner)
        return text

    def owners(self, value: object) -> set[str]:
        """Return the URNs of the resources whose outputs an input is made from."""
        if isinstance(value, str):
            marks = (self._marks.get(each.lower()) for each in _TOKEN.findall(value))
            return {mark.owner for mark in marks if mark and mark.owner}
        inside = value if isinstance(value, list) else []
        if isinstance(value, dict):
            inside = [*value, *value.values()]
        return {urn for each in inside for urn in self.owners(each)}

    def hide(self, value: str) -> None:
        """Take every text that this value is part of for a secret."""
        if len(value) >= _SHORTEST:
            self._values.add(value)

    def show(self, text: str) -> str | dict[str, Any]:
        """Return a text of the program with marks replaced by their labels, or `SECRET`."""
        if any(value in text for value in self._values):
            return dict(SECRET)
        parts, done = [], 0
        for found in _TOKEN.finditer(text):
            token = found[0].lower()
            if token.startswith("zs"):
                return dict(SECRET)
            mark = self._marks.get(token)
            if mark is None or found.start() < done:
                continue
            first, last = _extent(text, found.start(), found.end(), mark)
            first = max(first, done)
            parts += [text[done:first], "${", mark.label, "}"]
            done = last
        return "".join(parts) + text[done:] if parts else text

    def tell(self, text: str) -> str:
        """Return a message of the program without secrets in it."""
        for value in sorted(self._values, key=len, reverse=True):
            text = text.replace(value, "[secret]")
        shown = self.show(_TOKEN.sub(_blank, text))
        return shown if isinstance(shown, str) else "[secret]"


def _extent(text: str, first: int, last: int, mark: _Mark) -> tuple[int, int]:
    """Return how much of a text around a token came with it, for it may have been cut out."""
    before, at = mark.text[: mark.at], 0
    while at < len(before) and at < first and text[first - at - 1] == before[-at - 1]:
        at += 1
    after, to = mark.text[mark.at + last - first :], 0
    while to < len(after) and last + to < len(text) and text[last + to] == after[to]:
        to += 1
    return first - at, last + to


def _blank(found: re.Match[str]) -> str:
    return "[secret]" if found[0].lower().startswith("zs") else found[0]
