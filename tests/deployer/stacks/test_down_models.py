"""`down` keeps models unless told otherwise, and then really empties their bucket, from the command.

The engine deletes in our small cloud, the models and the images are in emulators of S3 and ECR: the
bucket and the repository have the same name in both, as they would have in one.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from deployer.emulators.server import start
from infra.simulated.drift import change
from providers.s3 import S3Driver, open_driver
from tests.deployer.stacks.simulated_kit import BUCKET, Desk, desk
from tests.deployer.stacks.stacks_kit import needs_engine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

TYPE = "aws:s3/bucket:Bucket"
LOGS = f"{BUCKET}-logs"
REPOSITORY = "aws:ecr/repository:Repository"
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "layers": [{"digest": f"sha256:{'ab' * 32}"}],
    }
)


@pytest.fixture
def buckets(
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[tuple[dict[str, str], dict[str, S3Driver]]]:
    """Yield S3's variables, and both buckets of the stack, which keep old versions."""
    server = start("moto", bucket=None)
    try:
        told = {**server.environment(), "AWS_ENDPOINT_URL_ECR": server.endpoint}
        for name, value in told.items():
            monkeypatch.setenv(name, value)
        made = {}
        for name in (BUCKET, LOGS):
            server.create_bucket(name)
            made[name] = open_driver(name, endpoint=server.endpoint)
            made[name]._wire.client.put_bucket_versioning(
                Bucket=name, VersioningConfiguration={"Status": "Enabled"}
            )
        yield told, made
        for driver in made.values():
            driver.close()
    finally:
        server.stop()


def left(driver: S3Driver) -> int:
    return sum(map(len, driver.versions()))


def pushed(here: Desk) -> Any:
    """Push an image under two tags to the stack's repository; return the SDK's client and its name."""
    (made,) = here.things(REPOSITORY)
    name = made.inputs["name"]
    client = botocore.session.Session().create_client("ecr", region_name="eu-central-1")
    client.create_repository(repositoryName=name)
    for tag in ("v1", "champion"):
        client.put_image(repositoryName=name, imageManifest=MANIFEST, imageTag=tag)
    return client, name


def protected(here: Desk) -> set[str]:
    """Return the URNs that the state of the stack protects."""
    (state,) = Path(here.environment["XDG_STATE_HOME"]).rglob("penguins-production.json")
    resources: list[dict[str, Any]] = json.loads(state.read_text())["checkpoint"]["latest"][
        "resources"
    ]
    return {each["urn"] for each in resources if each.get("protect")}


def test_models_are_kept_until_somebody_says_that_they_may_go(
    tmp_path: Path,
    penguins_package: Path,
    buckets: tuple[dict[str, str], dict[str, S3Driver]],
) -> None:
    needs_engine()
    told, drivers = buckets
    here = desk(tmp_path, **told)
    more = f'[clouds.aws]\nurl = "s3://{BUCKET}"\nendpoint = "{told["AWS_ENDPOINT_URL_S3"]}"\n'
    here.write(["aws"], more=more)
    here.run("up", "--yes")
    kept = protected(here)
    assert kept

    here.run("push", str(penguins_package), "penguins:champion", "-q")
    here.run("push", str(penguins_package), "penguins:champion", "--alias", "staging", "-q")
    blob = next(iter(drivers[BUCKET].list("")))
    drivers[BUCKET].delete(blob.key)  # which leaves a mark, and what was there
    drivers[LOGS].put("s3/log", b"GET", mode="overwrite", metadata={})
    objects, made = left(drivers[BUCKET]), len(here.things())
    change(here.state, type=TYPE, objects=objects)

    assert objects >= len(list(drivers[BUCKET].list(""))) + 2

    ecr, repository = pushed(here)

    refused = here.run("down", "--yes", code=5).stderr
    assert f"s3://{BUCKET}: the bucket holds models: penguins (newest version 1)" in refused
    assert "--delete-models" in refused
    assert (left(drivers[BUCKET]), left(drivers[LOGS])) == (objects, 1)
    assert len(here.things()) == made
    assert len(ecr.list_images(repositoryName=repository)["imageIds"]) == 2
    assert here.audit[-1]["outcome"] == "refused"

    # The simulated bucket is still full: what the cloud refuses half-way is protected again.
    told_off = here.run("down", "--yes", "--delete-models", code=1).stderr
    assert "BucketNotEmpty" in told_off
    assert left(drivers[BUCKET]) == left(drivers[LOGS]) == 0
    assert ecr.list_images(repositoryName=repository)["imageIds"] == []
    (images,) = [
        each["detail"]
        for each in here.audit
        if each["act"] == "empty" and " image" in each["detail"]
    ]
    assert images.endswith(f".dkr.ecr.eu-central-1.amazonaws.com/{repository}: 1 image")
    names = {urn.rpartition("::")[2] for urn in protected(here)}
    assert "penguins-models" in names
    assert protected(here) <= kept
    (models,) = [
        each for each in here.audit if each["act"] == "empty" and f"{BUCKET}:" in each["detail"]
    ]
    assert models["outcome"] == "done"
    assert (
        f"s3://{BUCKET}: {objects} objects and versions; model penguins (newest" in models["detail"]
    )

    change(here.state, type=TYPE, objects=0)
    gone = here.run("down", "--yes", "--delete-models", "-o", "json")
    assert {step["op"] for step in json.loads(gone.stdout)[0]["steps"]} == {"delete"}
    assert here.things() == []
