"""The layout of a model directory: file names, and how the documents in it are read and written.

A package is a plain folder. ``model.json`` is the entry document; it names every other file by
role, with its size and SHA-256. Nothing in a package depends on the clock, the machine's name or
a path, so the same table, options and library versions give the same bytes.
"""

from typing import TypeVar

import msgspec
from msgspec import Struct

from deployer import typed
from deployer.errors import DamagedError, UsageError
from deployer.packaging.documents import Document, ModelDocument

__all__ = [
    "FORMAT",
    "FORMAT_VERSION",
    "GOLDEN_FILE",
    "METRICS_FILE",
    "MODEL_FILE",
    "ONNX_FILE",
    "PACKAGE_FILES",
    "REQUIRED",
    "ROLES",
    "SCHEMA_FILE",
    "SKOPS_FILE",
    "decode",
    "decode_model",
    "encode",
]

FORMAT = "deployer-model"
FORMAT_VERSION = 2

MODEL_FILE = "model.json"
ONNX_FILE = "model.onnx"
SKOPS_FILE = "model.skops"
SCHEMA_FILE = "schema.json"
METRICS_FILE = "metrics.json"
GOLDEN_FILE = "golden.json"

ROLES = {
    "onnx": ONNX_FILE,
    "skops": SKOPS_FILE,
    "schema": SCHEMA_FILE,
    "metrics": METRICS_FILE,
    "evaluation": "evaluation.json",
    "golden": GOLDEN_FILE,
    "profile": "profile.json",
    "rows": "training-rows.bin",
    "card": "README.md",
    "report": "report.html",
    "bom": "bom.cdx.json",
    "requirements": "requirements.txt",
}
"""Role of a file to its name, in the order in which a package lists them."""

REQUIRED = ("skops", "schema", "metrics", "golden")
"""The roles that every package has; without ``onnx`` the skops file is what serves."""

PACKAGE_FILES = (MODEL_FILE, *ROLES.values())

_FETCH_AGAIN = "fetch the model again, or train it again"


class _Header(Struct, frozen=True):
    format: str
    format_version: int


DocumentT = TypeVar("DocumentT", bound=Struct)


def encode(document: Document) -> bytes:
    """Return `document` as indented UTF-8 JSON, fields in the order of their definition."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def decode(data: bytes, kind: type[DocumentT], *, where: str) -> DocumentT:
    """Return the document in `data`.

    Raises:
        DamagedError: not JSON, a field missing, unknown or of the wrong type.

    """
    try:
        return typed.decode(data, kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise DamagedError(
            f"not a valid document: {error}", where=where, hint=_FETCH_AGAIN
        ) from error


def decode_model(data: bytes, *, where: str) -> ModelDocument:
    """Return the entry document in `data`.

    Raises:
        DamagedError: not an entry document.
        UsageError: of a format version that this deployer does not know.

    """
    header = decode(data, _Header, where=where)
    if header.format == FORMAT and header.format_version != FORMAT_VERSION:
        newer = header.format_version > FORMAT_VERSION
        raise UsageError(
            f"the model has format version {header.format_version}, "
            f"this deployer reads {FORMAT_VERSION}",
            where=where,
            hint="upgrade deployer" if newer else "train the model again with this deployer",
        )
    document = decode(data, ModelDocument, where=where)
    needed = {*REQUIRED, *(["onnx"] if document.serving.runtime == "onnx" else [])}
    absent = sorted(needed - set(document.files))
    if absent:
        raise DamagedError(
            f"names no file for: {', '.join(absent)}", where=where, hint=_FETCH_AGAIN
        )
    return document
