"""The XML of the S3 dialect, written and read."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from tests.fakes.common import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


def _element(name: str, value: object) -> str:
    if isinstance(value, dict):
        return f"<{name}>{''.join(_element(k, v) for k, v in value.items())}</{name}>"
    if isinstance(value, list):
        return "".join(_element(name, item) for item in value)
    if isinstance(value, bool):
        value = str(value).lower()
    return f"<{name}>{escape(str(value))}</{name}>"


def document(root: str, content: Mapping[str, object], *, namespace: bool = True) -> bytes:
    """Write a document: dicts nest, lists repeat their element, None is left out."""
    inner = "".join(_element(name, value) for name, value in content.items() if value is not None)
    attribute = f' xmlns="{_NAMESPACE}"' if namespace else ""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}{attribute}>{inner}</{root}>'.encode()


def parse(body: bytes, root: str) -> ET.Element:
    """Read a document and strip its namespace; anything else is MalformedXML."""
    malformed = ApiError(400, "MalformedXML", "The XML you provided was not well-formed.")
    try:
        tree = ET.fromstring(body)
    except ET.ParseError:
        raise malformed from None
    for element in tree.iter():
        element.tag = element.tag.rpartition("}")[2]
    if tree.tag != root:
        raise malformed
    return tree
