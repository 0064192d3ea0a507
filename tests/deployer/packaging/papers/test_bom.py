"""The bill of materials: valid by CycloneDX's own schema, complete, and always the same."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from msgspec.structs import replace
from packageurl import PackageURL

from deployer.packaging.documents import FileEntry, Serving
from deployer.packaging.papers.bom import bom_of, encode_bom
from deployer.packaging.papers.requirements import GROUPS, closure
from tests.deployer.packaging.papers.papers_kit import Papers, papers

HOSTILE = ('a|b "c"', "<script>\n", "null", "é\u2028", "\x7f", "")


def bill(made: Papers, **options: Any) -> dict[str, Any]:
    return bom_of(
        made.document,
        schema=made.schema,
        metrics=made.metrics,
        evaluation=made.evaluation,
        **options,
    )


def problem(bom: dict[str, Any]) -> str | None:
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(encode_bom(bom).decode())
    return None if error is None else str(error)


@pytest.fixture(scope="module")
def bom() -> dict[str, Any]:
    return bill(papers(), packages=closure([*GROUPS["serve"], *GROUPS["retrain"]]))


def test_it_is_valid(bom: dict[str, Any]) -> None:
    assert problem(bom) is None


@pytest.mark.parametrize("serving", [Serving(runtime="onnx"), Serving(runtime="skops")])
def test_it_is_valid_for_any_text_and_runtime(serving: Serving) -> None:
    made = papers(classes=HOSTILE, target="<b>|", columns=('"', "\\"), serving=serving)
    assert problem(bill(made)) is None
    assert problem(bill(replace_files(made, {}))) is None


def replace_files(made: Papers, files: dict[str, FileEntry]) -> Papers:
    document = replace(made.document, files=files, libraries={})
    return Papers(document, made.schema, made.metrics, made.evaluation)


BREAKS: list[Callable[[dict[str, Any]], Any]] = [
    lambda b: b.update(serialNumber="1234"),
    lambda b: b.update(extra=1),
    lambda b: b["components"].append(b["components"][0]),
    lambda b: b["components"][1]["hashes"][0].update(content="xyz"),
    lambda b: b["metadata"]["component"].update(type="model"),
    lambda b: b["metadata"]["component"]["modelCard"]["modelParameters"].update(task=1),
    lambda b: b["metadata"]["component"]["modelCard"].update(quality="good"),
    lambda b: b["metadata"]["component"]["modelCard"]["quantitativeAnalysis"]["performanceMetrics"][
        0
    ].update(value=0.9),
]


@pytest.mark.parametrize("change", BREAKS)
def test_the_validator_sees_a_broken_field(
    change: Callable[[dict[str, Any]], Any], bom: dict[str, Any]
) -> None:
    broken = json.loads(encode_bom(bom))
    change(broken)
    assert problem(broken) is not None


def test_every_reference_leads_somewhere(bom: dict[str, Any]) -> None:
    for each in (bom, bill(papers()), bill(replace_files(papers(), {}))):
        refs = [part["bom-ref"] for part in (each["metadata"]["component"], *each["components"])]
        assert len(set(refs)) == len(refs)
        for part in each["dependencies"]:
            assert {part["ref"], *part["dependsOn"]} <= set(refs)
        parameters = each["metadata"]["component"]["modelCard"]["modelParameters"]
        assert {part["ref"] for part in parameters["datasets"]} <= set(refs)


def test_files_and_data_are_listed_with_their_digests(bom: dict[str, Any]) -> None:
    hashes = {
        each["name"]: each["hashes"][0]["content"]
        for each in bom["components"]
        if each["type"] in {"file", "data"}
    }
    assert hashes == {
        "training table": "a" * 64,
        "model.onnx": "1" * 64,
        "model.skops": "2" * 64,
        "schema.json": "3" * 64,
    }
    assert bom["metadata"]["component"]["hashes"] == [{"alg": "SHA-256", "content": "1" * 64}]


def test_it_does_not_list_itself() -> None:
    made = papers()
    itself = FileEntry(path="bom.cdx.json", size=1, sha256="4" * 64)
    again = replace_files(made, {**made.document.files, "bom": itself})
    assert "bom.cdx.json" not in encode_bom(bill(again)).decode()


def test_libraries_have_package_urls_that_say_the_same(bom: dict[str, Any]) -> None:
    found = {}
    for each in bom["components"]:
        if each["type"] == "library":
            url = PackageURL.from_string(each["purl"])
            assert (url.type, url.name, url.version) == ("pypi", each["name"], each["version"])
            found[each["name"]] = each["version"], each["scope"]
    # The document's version counts, with a plus that a URL would read as a space.
    assert found["onnxruntime"] == ("1.32.0+cpu", "required")
    assert found["protobuf"][1] == "required"
    assert found["scikit-learn"][1] == "optional"


def test_dependencies_are_those_of_the_packages(bom: dict[str, Any]) -> None:
    graph = {each["ref"]: each["dependsOn"] for each in bom["dependencies"]}
    assert graph["model"] == ["file:model.onnx", "library:numpy", "library:onnxruntime"]
    assert {"library:numpy", "library:scipy"} <= set(graph["library:scikit-learn"])


def test_scores_are_as_measured_with_intervals_and_classes(bom: dict[str, Any]) -> None:
    card = bom["metadata"]["component"]["modelCard"]
    metrics = card["quantitativeAnalysis"]["performanceMetrics"]
    assert metrics[0] == {
        "type": "accuracy",
        "value": "0.9512",
        "confidenceInterval": {"lowerBound": "0.9", "upperBound": "0.98"},
    }
    assert {"type": "log_loss", "value": "1e-05"} in metrics
    # What is not defined has no value to state.
    assert not [each for each in metrics if each["type"].startswith("roc_auc")]
    slices = {each["slice"] for each in metrics if "slice" in each}
    assert slices == {"class Adelie", "class Chinstrap", "class Gentoo"}
    assert card["modelParameters"]["inputs"] == [
        {"format": "bill: numeric, float32 of shape (N, 1)"},
        {"format": "island: categorical, string of shape (N, 1)"},
    ]


def test_the_same_model_has_the_same_bytes_and_another_has_another_number() -> None:
    first, again = bill(papers()), bill(papers())
    assert encode_bom(first) == encode_bom(again)
    assert "timestamp" not in encode_bom(first).decode()
    other = bill(papers(low=0.89))
    assert other["serialNumber"] != first["serialNumber"]
