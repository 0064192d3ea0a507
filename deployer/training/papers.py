"""The files of a package beside the model: its documents and its evidence."""

from collections.abc import Mapping
from importlib.metadata import version
from platform import python_version
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from deployer.packaging.documents import (
    Golden,
    ModelDocument,
    Profile,
    RowCounts,
    TrainingData,
    TrainingRun,
)
from deployer.packaging.fingerprints import fingerprints, store
from deployer.packaging.golden import choose_rows, golden_row, verify_golden
from deployer.packaging.layout import MODEL_FILE, ROLES, encode
from deployer.packaging.package import file_entry
from deployer.packaging.papers.bom import bom_of, encode_bom
from deployer.packaging.papers.model_card import render_card
from deployer.packaging.papers.requirements import locked
from deployer.packaging.profile import confidence_of, profile_of
from deployer.reports import evaluation_page
from deployer.training.build import Built
from deployer.training.data import Prepared
from deployer.training.options import Options

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["write_papers"]

# Those whose versions can change the bytes.
_LIBRARIES = ("numpy", "onnx", "onnxruntime", "pandas", "pyarrow", "scikit-learn", "skops")
# Golden rows are looked for among this many held-out rows, and as many others.
_LOOKED_AT = 2000


def write_papers(
    built: Built, prepared: Prepared, options: Options, *, target: str
) -> tuple[ModelDocument, dict[str, bytes]]:
    """Return the entry document and every file of the package by name, the entry document first."""
    served, evaluation = built.served, built.evaluation
    profile = _profile(built, prepared)
    files: dict[str, bytes] = {
        **({"onnx": served.onnx} if served.onnx is not None else {}),
        "skops": served.skops,
        "schema": encode(served.schema),
        "metrics": encode(evaluation.metrics),
        "evaluation": encode(evaluation),
        "golden": encode(_golden(built, prepared)),
        "profile": encode(profile),
        "rows": store(_fingerprints(built)),
        "requirements": locked().encode(),
    }
    document = _document(built, prepared, options, target=target)
    document = replace(document, files=_entries(files))
    about: dict[str, Any] = {"schema": served.schema, "metrics": evaluation.metrics}
    files["card"] = render_card(document, **about, evaluation=evaluation, profile=profile).encode()
    files["report"] = evaluation_page(
        document, evaluation, profile=profile, title=f"{target}: evaluation"
    ).encode()
    files["bom"] = encode_bom(
        bom_of(replace(document, files=_entries(files)), **about, evaluation=evaluation)
    )
    document = replace(document, files=_entries(files))
    named = {ROLES[role]: files[role] for role in ROLES if role in files}
    return document, {MODEL_FILE: encode(document), **named}


def _entries(files: Mapping[str, bytes]) -> dict[str, Any]:
    return {role: file_entry(ROLES[role], files[role]) for role in ROLES if role in files}


def _document(built: Built, prepared: Prepared, options: Options, *, target: str) -> ModelDocument:
    table = prepared.table
    return ModelDocument(
        target=target,
        classes=tuple(prepared.classes),
        family=built.selection.best.family,
        serving=built.served.serving,
        files={},
        training=TrainingRun(
            data=TrainingData(sha256=table.sha256, size=table.size, format=table.format),
            seed=options.seed,
            test_size=options.test_size,
            rows=RowCounts(
                table=table.total,
                without_target=prepared.total - len(table),
                train=len(built.split.train),
                test=len(built.split.test),
                sampled=prepared.total if prepared.total != table.total else None,
            ),
            classes=prepared.counts,
            ignored=tuple(prepared.features.ignored),
            choice=built.choice,
            search=built.selection.search,
            findings=tuple(prepared.findings),
        ),
        libraries={"python": python_version(), **{name: version(name) for name in _LIBRARIES}},
    )


def _profile(built: Built, prepared: Prepared) -> Profile:
    train, test = built.split
    answers = built.served.answers
    return profile_of(
        built.served.schema.inputs,
        {name: array[train] for name, array in built.arrays.items()},
        built.labels[train],
        prepared.classes,
        answers.labels[test],
        confidence_of(answers.labels[test], answers.probabilities[test], prepared.classes),
    )


def _fingerprints(built: Built) -> "NDArray[Any]":
    train = built.split.train
    arrays = {name: array[train] for name, array in built.arrays.items()}
    return fingerprints(arrays, built.labels[train])


def _golden(built: Built, prepared: Prepared) -> Golden:
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

    train, test = (part[:_LOOKED_AT] for part in built.split)
    looked = np.concatenate([test, train])
    answers = built.served.answers
    # NaN is not equal to itself; a missing category is the empty text.
    missing = np.zeros(len(looked), dtype=int)
    for array in built.arrays.values():
        cells = array[looked, 0]
        missing += (cells == "") | (cells != cells)  # noqa: PLR0124
    chosen = choose_rows(answers.probabilities[looked], missing, range(len(test)))
    golden = Golden(
        rows=tuple(
            golden_row(
                built.arrays,
                answers,
                int(looked[i]),
                row=int(prepared.table.rows[looked[i]]),
                test=i < len(test),
            )
            for i in sorted(chosen, key=lambda i: int(looked[i]))
        )
    )
    verify_golden(built.served.classifier, golden)
    return golden
