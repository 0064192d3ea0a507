"""A page, taken apart with an HTML parser."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

__all__ = ["Page", "read_page"]

_VOID = {"meta", "link", "br", "img", "input", "hr", "base"}


@dataclass
class Page:
    """Elements as (name, attributes), and the text of some."""

    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    texts: dict[str, list[str]] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)
    unbalanced: list[str] = field(default_factory=list)

    def named(self, name: str) -> list[dict[str, str]]:
        """Return the attributes of every element called `name`."""
        return [attributes for each, attributes in self.elements if each == name]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self.open: list[str] = []
        self.parts: dict[str, list[list[str]]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.page.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _VOID:
            self.open.append(tag)
            self.parts.setdefault(tag, []).append([])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.page.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.page.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        for tag in set(self.open):
            self.parts[tag][-1].append(data)

    def handle_comment(self, data: str) -> None:
        self.page.comments.append(data)


def read_page(html: str) -> Page:
    """Return the page; every element must be closed by its own end tag."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.page.unbalanced += reader.open
    for tag, texts in reader.parts.items():
        reader.page.texts[tag] = ["".join(parts) for parts in texts]
    return reader.page
