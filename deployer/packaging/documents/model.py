"""``model.json``: the entry document."""

from typing import Annotated, Literal

from msgspec import Meta

from deployer.packaging.documents.base import Count, Document, FileName, Sha256
from deployer.packaging.documents.metrics import Parity
from deployer.packaging.documents.run import TrainingRun

__all__ = ["FileEntry", "ModelDocument", "Serving"]


class FileEntry(Document, frozen=True, kw_only=True):
    """One file: its name in the package, its size in bytes and its digest."""

    path: FileName
    size: Count
    sha256: Sha256


class Serving(Document, frozen=True, kw_only=True):
    """Which file answers, and the proof that both do alike.

    Attributes:
        runtime: ``skops`` where no ONNX file answers as the pipeline does.
        parity: of the ONNX file with the pipeline, over all rows of the table.
        reason: why it is not ONNX.
        trusted: types in the skops file beyond those that skops trusts by itself; whoever loads
            it must allow them.

    """

    runtime: Literal["onnx", "skops"]
    parity: Parity | None = None
    reason: str = ""
    trusted: tuple[str, ...] = ()


class ModelDocument(Document, frozen=True, kw_only=True):
    """``model.json``: the entry document.

    Attributes:
        family: the candidate that won, such as ``softmax``.
        files: role to file.
        libraries: package to version, as they were when the model was made.

    """

    format: Literal["deployer-model"] = "deployer-model"
    format_version: Literal[2] = 2
    task: Literal["classification"] = "classification"
    target: str
    classes: Annotated[tuple[str, ...], Meta(min_length=2)]
    family: str
    serving: Serving
    files: dict[str, FileEntry]
    training: TrainingRun
    libraries: dict[str, str]
