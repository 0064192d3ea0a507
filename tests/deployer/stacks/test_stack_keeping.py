"""`down` knows what is protected, and which models a bucket holds."""

from pathlib import Path
from typing import Any

import pytest

from deployer.cli.stacks_emptying import configured_store, images_of
from deployer.cli.stacks_models import models_in
from deployer.errors import CloudError
from deployer.settings import CloudSettings, EndpointSettings, InfraSettings, Settings, Transfer
from deployer.stacks.keeping import Images, inventory
from tests.deployer.stacks.stacks_kit import bench


def resource(type_: str, name: str, **more: Any) -> dict[str, Any]:
    return {"urn": f"urn:pulumi:s::p::{type_}::{name}", "type": type_, "custom": True, **more}


def test_the_inventory_tells_protected_resources_and_buckets() -> None:
    deployment = {
        "resources": [
            {"urn": "urn:pulumi:s::p::pulumi:pulumi:Stack::p-s", "type": "pulumi:pulumi:Stack"},
            resource("pulumi:providers:aws", "default"),
            resource("aws:s3/bucket:Bucket", "registry", protect=True),
            resource("aws:kms/key:Key", "key", protect=True),
            resource("aws:lambda/function:Function", "endpoint"),
            resource("aws:s3/bucket:Bucket", "theirs", external=True),
        ]
    }
    found = inventory(deployment)
    assert found.resources == 3
    assert [(each.name, each.bucket) for each in found.held] == [("registry", True), ("key", False)]
    assert found.bucket
    assert not inventory({}).bucket


ARN = "arn:aws:ecr:eu-central-1:123456789012:repository/penguins"
ECR = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/penguins"


def repositories(*, external: bool = False) -> dict[str, Any]:
    """Return a state with a repository of images on each cloud."""
    return {
        "resources": [
            resource(
                "aws:ecr/repository:Repository",
                "images",
                outputs={"repositoryUrl": ECR, "arn": ARN},
                external=external,
            ),
            resource(
                "gcp:artifactregistry/repository:Repository",
                "images",
                outputs={"registryUri": "europe-west3-docker.pkg.dev/p/images"},
            ),
            resource(
                "azure-native:containerregistry:Registry",
                "images",
                outputs={"loginServer": "penguins.azurecr.io"},
            ),
            resource("aws:ecr/repository:Repository", "never-made"),
        ]
    }


def test_the_inventory_tells_repositories_of_images() -> None:
    assert inventory(repositories()).images == (
        Images(ECR, ARN),
        Images("europe-west3-docker.pkg.dev/p/images"),
        Images("penguins.azurecr.io"),
    )
    assert ECR not in {each.url for each in inventory(repositories(external=True)).images}


def test_what_goes_with_the_stack_is_said_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody answers for AWS: its repository is left to AWS, which keeps it if it is full."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_ECR", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    settings = Settings(transfer=Transfer(attempts=1, timeout=5))
    full, (aws, gcp, azure) = images_of(inventory(repositories()), settings)
    assert full == ()
    assert aws.startswith(f"{ECR}: nobody can say whether images are in it: ")
    assert gcp == "all images in europe-west3-docker.pkg.dev/p/images would be lost"
    assert azure == "all images in penguins.azurecr.io would be lost"


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        (Settings(), ""),
        (
            Settings(clouds={"aws": CloudSettings(url="s3://models/registry")}),
            "s3://models/registry",
        ),
        (Settings(clouds={"aws": CloudSettings(url="s3://somebody-s/registry")}), ""),
        (Settings(clouds={"gcp": CloudSettings(url="gs://models")}), ""),
        (
            Settings(
                infra=InfraSettings(
                    stores="s3://models/common", aws=EndpointSettings(stores="s3://models/own")
                )
            ),
            "s3://models/own",
        ),
        (Settings(infra=InfraSettings(stores="s3://models/common")), "s3://models/common"),
    ],
)
def test_a_stack_without_outputs_has_the_store_of_the_settings(
    settings: Settings, url: str
) -> None:
    there = inventory(
        {"resources": [resource("aws:s3/bucket:Bucket", "m", outputs={"bucket": "models"})]}
    )
    assert configured_store(settings, "aws", there) == url


@pytest.mark.parametrize(
    ("url", "found"),
    [("az://ours/models/registry", True), ("az://theirs/models", False), ("s3://ours/x", False)],
)
def test_an_account_of_azure_is_known_by_its_name(url: str, found: bool) -> None:
    account = resource("azure-native:storage:StorageAccount", "m", outputs={"name": "ours"})
    there = inventory({"resources": [account]})
    assert there.stores == (), "it goes with what is in it"
    settings = Settings(clouds={"azure": CloudSettings(url=url)})
    assert configured_store(settings, "azure", there) == (url if found else "")


def test_models_in_a_bucket_are_named(tmp_path: Path, penguins_package: Path) -> None:
    with bench(tmp_path, penguins_package) as here:
        found = models_in((here.folder / "store").as_uri(), "aws", Settings())
    assert found == ("penguins (newest version 1)",)


def test_a_bucket_that_cannot_be_looked_at_is_not_taken_for_empty(tmp_path: Path) -> None:
    assert models_in((tmp_path / "gone").as_uri(), "aws", Settings()) == ()
    with pytest.raises(CloudError, match="nobody can say"):
        models_in("", "aws", Settings())
