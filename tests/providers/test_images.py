"""A repository of images is counted and emptied, and what it holds back is told."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.stub import Stubber

from providers import images
from providers.errors import (
    PermissionDeniedError,
    StoreError,
    UnauthenticatedError,
    UnavailableError,
)
from providers.images import Repository, count_images, delete_images
from tests.providers.harness_servers import Emulators

ACCOUNT = "123456789012"
REGION = "eu-central-1"
NAME = "team/penguins"


def repository(name: str = NAME, **fields: Any) -> Repository:
    url = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}"
    return Repository(f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{name}", url, **fields)


@pytest.fixture
def ecr(emulators: Emulators, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Yield the SDK's client of moto's ECR, with an empty repository."""
    server = emulators.server("moto")
    for name, value in {
        **server.environment(),
        "AWS_ENDPOINT_URL_ECR": server.endpoint,
    }.items():
        monkeypatch.setenv(name, value)
    client = botocore.session.Session().create_client("ecr", region_name=REGION)
    client.create_repository(repositoryName=NAME)
    yield client
    client.delete_repository(repositoryName=NAME, force=True)


def push(client: Any, number: int, *tags: str) -> None:
    """Push an image, under one tag after the other."""
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "layers": [{"digest": f"sha256:{hashlib.sha256(str(number).encode()).hexdigest()}"}],
        }
    )
    for tag in tags:
        client.put_image(repositoryName=NAME, imageManifest=manifest, imageTag=tag)


def test_all_images_go_whatever_their_tags_and_their_number(ecr: Any) -> None:
    for number in range(103):
        push(ecr, number, f"v{number}")
    push(ecr, 0, "champion", "latest")
    assert count_images(repository()) == 103
    assert delete_images(repository()) == 103
    assert count_images(repository()) == delete_images(repository()) == 0
    assert ecr.list_images(repositoryName=NAME)["imageIds"] == []


def test_a_repository_that_is_gone_has_no_images(ecr: Any) -> None:
    assert count_images(repository("never/made")) == delete_images(repository("never/made")) == 0


def test_who_cannot_be_asked_is_told_with_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_ECR", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with pytest.raises(UnavailableError) as caught:
        count_images(repository(timeout=1, attempts=1))
    assert str(caught.value).startswith(repository().url)
    assert "\n" not in str(caught.value)


D = [f"sha256:{letter * 64}" for letter in "abc"]
NAMED = {"registryId": ACCOUNT, "repositoryName": NAME}


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """Yield what answers in place of AWS, in the shapes of its own API."""
    client = botocore.session.Session().create_client(
        "ecr", region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b"
    )
    monkeypatch.setattr(images, "client_of", lambda service, **_: client)
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def failed(digest: str, code: str) -> dict[str, Any]:
    return {"imageId": {"imageDigest": digest}, "failureCode": code, "failureReason": "it is so"}


def deleting(answers: Stubber, digests: list[str], *failures: dict[str, Any]) -> None:
    asked = {**NAMED, "imageIds": [{"imageDigest": each} for each in digests]}
    answers.add_response("batch_delete_image", {"failures": list(failures)}, asked)


def listing(answers: Stubber) -> None:
    answers.add_response("list_images", {"imageIds": [{"imageDigest": each} for each in D]}, NAMED)


def test_what_a_list_of_manifests_names_goes_after_it(answers: Stubber) -> None:
    listing(answers)
    held = "ImageReferencedByManifestList"
    deleting(answers, D, failed(D[0], held), failed(D[1], held), failed(D[2], "ImageNotFound"))
    deleting(answers, D[:2], failed(D[1], held))
    deleting(answers, D[1:2])
    assert delete_images(repository()) == 3


@pytest.mark.parametrize("code", ["ImageReferencedByManifestList", "KmsError"])
def test_what_stays_is_told(answers: Stubber, code: str) -> None:
    listing(answers)
    deleting(answers, D, *(failed(each, code) for each in D))
    with pytest.raises(StoreError, match=f"{NAME}: {code}: it is so") as caught:
        delete_images(repository())
    assert caught.value.op == "delete"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("AccessDeniedException", PermissionDeniedError),
        ("ExpiredTokenException", UnauthenticatedError),
        ("ServerException", UnavailableError),
        ("SomethingElse", StoreError),
    ],
)
def test_a_refusal_has_its_kind(answers: Stubber, code: str, kind: type[StoreError]) -> None:
    answers.add_client_error("list_images", code, "so it\nis", 400)
    with pytest.raises(kind, match="so it is") as caught:
        count_images(repository())
    assert type(caught.value) is kind
