"""The bill of materials: the model, its files, its data and its libraries, in CycloneDX 1.6.

The model is a component of the type machine-learning-model with a model card; CycloneDX calls such
a document an ML-BOM (https://cyclonedx.org/docs/1.6/json/). There is no time in it, and its serial
number follows from its content, so the same model has the same document.
"""

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from deployer.packaging.documents import Evaluation, Input, Metrics, ModelDocument, Schema, Score
from deployer.packaging.papers.facts import limits_of, use_of
from deployer.packaging.papers.requirements import GROUPS, Installed

__all__ = ["bom_of", "encode_bom"]

_MODEL = "model"
_DATA = "training-data"
_BOM_ROLE = "bom"
_FORMATS = {
    "onnx": "application/x-onnx",
    "skops": "application/zip",
    "card": "text/markdown",
    "requirements": "text/plain",
    "rows": "application/octet-stream",
}


def bom_of(
    document: ModelDocument,
    *,
    schema: Schema,
    metrics: Metrics,
    evaluation: Evaluation | None = None,
    packages: Mapping[str, Installed] | None = None,
) -> dict[str, Any]:
    """Return the bill of materials as a JSON object.

    Args:
        document: the entry document; its files, but for the bill itself, are listed.
        schema: what goes in and comes out.
        metrics: its scores on the held-out rows.
        evaluation: at length; for what limits the model.
        packages: what is installed and what it needs, as `requirements.closure` returns it.
            Libraries of the document that are not in it are listed without their needs.

    """
    libraries = _libraries(document, packages or {})
    content: dict[str, Any] = {
        "version": 1,
        "metadata": {
            "tools": {"components": [_tool(document)]},
            "component": _model(document, schema, metrics, evaluation),
        },
        "components": [
            _data(document),
            *_files(document),
            *_library_components(document, libraries),
        ],
        "dependencies": _dependencies(document, libraries),
    }
    digest = hashlib.sha256(encode_bom(content)).hexdigest()
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": uuid.uuid5(uuid.NAMESPACE_URL, f"urn:sha256:{digest}").urn,
        **content,
    }


def encode_bom(bom: Mapping[str, Any]) -> bytes:
    """Return `bom` as indented UTF-8 JSON."""
    return json.dumps(bom, indent=2, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def _tool(document: ModelDocument) -> dict[str, Any]:
    tool = {"type": "application", "name": "deployer"}
    version = document.libraries.get("deployer")
    return {**tool, "version": version} if version else tool


def _model(
    document: ModelDocument, schema: Schema, metrics: Metrics, evaluation: Evaluation | None
) -> dict[str, Any]:
    serving = document.files.get(document.serving.runtime)
    best = next(
        (each for each in document.training.search.candidates if each.family == document.family),
        None,
    )
    params = sorted(best.params.items()) if best else []
    return {
        "type": "machine-learning-model",
        "bom-ref": _MODEL,
        "name": f"{document.target} classifier",
        "description": use_of(document),
        **({"hashes": _hashes(serving.sha256)} if serving else {}),
        "modelCard": {
            "modelParameters": {
                "approach": {"type": "supervised"},
                "task": document.task,
                "architectureFamily": document.family,
                "modelArchitecture": f"scikit-learn pipeline, served as {document.serving.runtime}",
                "datasets": [{"ref": _DATA}],
                "inputs": [{"format": _format(each)} for each in schema.inputs],
                "outputs": [
                    {"format": "label: string of shape (N,)"},
                    {"format": f"probabilities: float32 of shape (N, {len(document.classes)})"},
                ],
            },
            "quantitativeAnalysis": {"performanceMetrics": list(_performance(metrics))},
            "considerations": {
                "useCases": [use_of(document)],
                "technicalLimitations": limits_of(document, schema, metrics, evaluation),
            },
        },
        "properties": [
            {"name": "deployer:seed", "value": str(document.training.seed)},
            {"name": "deployer:metric", "value": document.training.choice.metric},
            *({"name": f"deployer:param:{key}", "value": json.dumps(v)} for key, v in params),
        ],
    }


def _format(each: Input) -> str:
    return f"{each.name}: {each.__struct_config__.tag}, {each.dtype} of shape (N, 1)"


def _performance(metrics: Metrics) -> Iterator[dict[str, Any]]:
    for name, score in metrics.scores.items():
        yield from _metric(name, score)
    for each in metrics.classes:
        recall = Score(value=each.recall, low=each.recall_low, high=each.recall_high)
        rest = (("precision", each.precision), ("f1", each.f1), ("roc_auc", each.roc_auc))
        yield from _metric("recall", recall, each.label)
        for name, value in (*rest, ("average_precision", each.average_precision)):
            yield from _metric(name, Score(value=value), each.label)


def _metric(name: str, score: Score, label: str | None = None) -> Iterator[dict[str, Any]]:
    if score.value is None:
        return
    entry: dict[str, Any] = {"type": name, "value": repr(score.value)}
    if label is not None:
        entry["slice"] = f"class {label}"
    if score.low is not None and score.high is not None:
        entry["confidenceInterval"] = {
            "lowerBound": repr(score.low),
            "upperBound": repr(score.high),
        }
    yield entry


def _data(document: ModelDocument) -> dict[str, Any]:
    data = document.training.data
    return {
        "type": "data",
        "bom-ref": _DATA,
        "name": "training table",
        "hashes": _hashes(data.sha256),
        "data": [{"type": "dataset", "name": f"{data.size} bytes of {data.format}"}],
    }


def _files(document: ModelDocument) -> Iterator[dict[str, Any]]:
    for role, each in document.files.items():
        if role != _BOM_ROLE:
            yield {
                "type": "file",
                "mime-type": _FORMATS.get(role, "application/json"),
                "bom-ref": f"file:{each.path}",
                "name": each.path,
                "hashes": _hashes(each.sha256),
            }


def _hashes(sha256: str) -> list[dict[str, str]]:
    return [{"alg": "SHA-256", "content": sha256}]


def _libraries(
    document: ModelDocument, packages: Mapping[str, Installed]
) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return name to version and needs; versions of the document's own come first."""
    found = {name: (each.version, each.needs) for name, each in packages.items()}
    for name, version in document.libraries.items():
        found[name] = (version, found.get(name, ("", ()))[1])
    return dict(sorted(found.items()))


def _library_components(
    document: ModelDocument, libraries: Mapping[str, tuple[str, tuple[str, ...]]]
) -> Iterator[dict[str, Any]]:
    required = set(_roots(document))
    waiting = [*required]
    while waiting:
        for need in libraries.get(waiting.pop(), ("", ()))[1]:
            if need not in required:
                required.add(need)
                waiting.append(need)
    for name, (version, _) in libraries.items():
        python = name == "python"
        at = f"@{quote(version, safe='')}" if version else ""
        yield {
            "type": "platform" if python else "library",
            "bom-ref": f"library:{name}",
            "name": name,
            **({"version": version} if version else {}),
            "scope": "required" if python or name in required else "optional",
            "purl": f"pkg:{'generic' if python else 'pypi'}/{quote(name, safe='')}{at}",
        }


def _roots(document: ModelDocument) -> Sequence[str]:
    return GROUPS["serve" if document.serving.runtime == "onnx" else "retrain"]


def _dependencies(
    document: ModelDocument, libraries: Mapping[str, tuple[str, tuple[str, ...]]]
) -> list[dict[str, Any]]:
    roots = [f"library:{name}" for name in _roots(document) if name in libraries]
    model = document.files.get(document.serving.runtime)
    served = [f"file:{model.path}"] if model else []
    return [
        {"ref": _MODEL, "dependsOn": [*served, *roots]},
        *(
            {
                "ref": f"library:{name}",
                "dependsOn": [f"library:{need}" for need in needs if need in libraries],
            }
            for name, (_, needs) in libraries.items()
        ),
    ]
