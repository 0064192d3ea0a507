"""A name that is taken: by what, how an import names it, and how `up --adopt` goes on from there."""

from pathlib import Path
from typing import Any

import pytest

from deployer.stacks.adopting import Taken, TakenError, import_file, taken_by
from tests.deployer.stacks.simulated_kit import BUCKET, desk
from tests.deployer.stacks.stacks_kit import needs_engine

STACK = "urn:pulumi:s::p::deployer:aws:Endpoint::penguins"
PROVIDER = "urn:pulumi:s::p::pulumi:providers:aws::default"
AZURE = "/subscriptions/1/resourceGroups/g/providers/Microsoft.App/containerApps/penguins"


def failed(type_: str, **inputs: Any) -> Any:
    from pulumi.automation.events import StepEventMetadata

    urn = f"urn:pulumi:s::p::{type_}::models"
    new = {"type": type_, "urn": urn, "parent": STACK, "inputs": inputs, "outputs": {}}
    return StepEventMetadata.from_json(
        {"op": "create", "urn": urn, "type": type_, "provider": f"{PROVIDER}::abc", "new": new}
    )


@pytest.mark.parametrize(
    ("metadata", "message", "id_"),
    [
        (failed("aws:s3/bucket:Bucket", bucket="b"), "BucketAlreadyOwnedByYou: you own it", "b"),
        (failed("aws:iam/role:Role", name="r"), "EntityAlreadyExists: Role with name r", "r"),
        (
            failed("gcp:kms/keyRing:KeyRing", project="p", location="l", name="k"),
            "googleapi: Error 409: KeyRing k already exists., alreadyExists",
            "projects/p/locations/l/keyRings/k",
        ),
        (
            failed("azure-native:app:ContainerApp"),
            f"cannot create already existing resource '{AZURE}'",
            AZURE,
        ),
        (
            failed("azure-native:keyvault:Secret"),
            f'cannot create already existing resource "{AZURE}"',
            AZURE,
        ),
        (
            failed("azure-native:storage:BlobServiceProperties"),
            f"cannot create already existing subresource '{AZURE}'",
            AZURE,
        ),
        (
            failed("azure-native:keyvault:Key"),
            f"cannot create already existing resource {AZURE}",
            AZURE,
        ),
        (failed("gcp:kms/keyRing:KeyRing", name="k"), "Error 409: alreadyExists", None),
        (failed("aws:ec2/vpc:Vpc", name="v"), "it already exists", None),
        (failed("aws:s3/bucket:Bucket", bucket="b"), "Error 503: try again", None),
        (failed("aws:s3/bucket:Bucket"), "BucketAlreadyExists", None),
    ],
)
def test_what_has_the_name_is_known_by_the_id_that_imports_it(
    metadata: Any, message: str, id_: str | None
) -> None:
    found = taken_by(metadata, message)
    assert (found.id if found else None) == id_
    if found:
        assert (found.parent, found.provider, found.name) == (STACK, PROVIDER, "models")


def test_the_advice_names_it_and_the_import_names_its_place() -> None:
    taken = [
        Taken(f"urn:x::{name}", "aws:s3/bucket:Bucket", name, STACK, PROVIDER) for name in "ab"
    ]
    error = TakenError("there already", where="aws", taken=taken)
    assert "if a, b is yours" in error.hint
    assert "--adopt" in error.hint
    resources, names = import_file(taken)
    assert names == {"r0": STACK, "r1": PROVIDER}
    assert resources[1] == {
        "type": "aws:s3/bucket:Bucket",
        "name": "b",
        "id": "b",
        "parent": "r0",
        "provider": "r1",
    }


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_a_lost_answer_left_is_adopted(tmp_path: Path) -> None:
    needs_engine()
    type_ = "gcp:storage/bucket:Bucket"
    here = desk(tmp_path)
    here.write(["gcp"])
    here.faults({"op": "create", "error": "503", "type": type_, "name": "*models*", "after": True})
    here.run("up", "--yes", code=4)
    ids = {each.id for each in here.things(type_)}
    assert BUCKET in ids, "it was made; only the answer was lost"
    refused = here.run("up", "--yes", code=1).stderr
    assert f"if {BUCKET} is yours" in refused
    assert "--adopt" in refused
    here.run("up", "--yes", "--adopt")
    assert {each.id for each in here.things(type_)} == ids
    assert [each["detail"] for each in here.audit if each["act"] == "adopt"] == [BUCKET]
    here.run("preview", "--expect-no-changes")
