"""Clouds, folders and publishes for the registry's tests, and an auditor that trusts no code of ours."""

import functools
import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from deployer.registry.cloud import Cloud
from deployer.registry.publishing.publish import Facts, Published, Reporter, Request, publish
from providers.driver import Driver
from providers.local import LocalDriver
from providers.memory import MemoryDriver
from providers.open import open_store
from providers.store import Store, StoreOptions
from tests.fakes import StrictCloud

NAMES = ("aws", "gcp", "azure")
DIALECTS = {"aws": "s3", "gcp": "gcs", "azure": "azure"}
BUCKET = "models"
QUICK = StoreOptions(attempts=2)
PUT_OF = {"s3": "PutObject", "gcs": "objects.insert", "azure": "PutBlob"}
WRITES = frozenset(PUT_OF.values())

Wrap = Mapping[str, Callable[[Driver], Driver]]


class Silent:
    """A reporter that nobody listens to."""

    def begin(self, cloud: str, total: int) -> None: ...

    def advance(self, cloud: str, count: int) -> None: ...

    def finish(self, cloud: str, error: str | None) -> None: ...


def memory_clouds(
    *names: str, wrap: Wrap | None = None, options: StoreOptions = QUICK
) -> list[Cloud]:
    clouds = []
    for name in names or NAMES:
        driver: Driver = MemoryDriver(name)
        if wrap and name in wrap:
            driver = wrap[name](driver)
        clouds.append(Cloud(name, Store(driver, options)))
    return clouds


def local_clouds(folder: Path, *names: str) -> list[Cloud]:
    clouds = []
    for name in names or NAMES:
        root = folder / name
        root.mkdir(parents=True, exist_ok=True)
        clouds.append(Cloud(name, Store(LocalDriver(root), QUICK)))
    return clouds


def strict_cloud() -> StrictCloud:
    """Return the fake with a bucket in each dialect; a context manager."""
    cloud = StrictCloud()
    for dialect in DIALECTS.values():
        cloud.create_bucket(dialect, BUCKET)
    return cloud


def strict_environment(cloud: StrictCloud) -> dict[str, str]:
    """Return what points deployer and the SDKs at the fake."""
    return {
        "AWS_ENDPOINT_URL_S3": cloud.s3_endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "STORAGE_EMULATOR_HOST": cloud.gcs_endpoint,
        "GOOGLE_CLOUD_PROJECT": "test",
        "AZURE_STORAGE_CONNECTION_STRING": cloud.azure_connection_string,
        "DEPLOYER_CLOUDS_AWS_URL": f"s3://{BUCKET}",
        "DEPLOYER_CLOUDS_GCP_URL": f"gs://{BUCKET}",
        "DEPLOYER_CLOUDS_AZURE_URL": f"az://devstoreaccount1/{BUCKET}",
    }


def strict_clouds(*names: str, options: StoreOptions = QUICK) -> list[Cloud]:
    """Open the fake's buckets; the environment must be that of :func:`strict_environment`."""
    return [
        Cloud(name, open_store(os.environ[f"DEPLOYER_CLOUDS_{name.upper()}_URL"], options=options))
        for name in names or NAMES
    ]


def folder_of(path: Path, files: Mapping[str, bytes]) -> Path:
    for name, body in files.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(body)
    return path


def read_tree(path: Path) -> dict[str, bytes]:
    """Return every file below a folder, hidden ones too."""
    files = [found for found in path.rglob("*") if found.is_file()]
    return {found.relative_to(path).as_posix(): found.read_bytes() for found in files}


def push(
    clouds: Sequence[Cloud],
    root: Path,
    *,
    state: Path,
    model: str = "penguins",
    aliases: tuple[str, ...] = (),
    require: int | None = None,
    home: str | None = None,
    facts: Facts | None = None,
    reporter: Reporter | None = None,
) -> Published:
    request = Request(
        model=model,
        root=root,
        facts=facts or Facts(),
        aliases=aliases,
        clouds=clouds,
        home=home,
        require=len(clouds) if require is None else require,
        state=state,
    )
    return publish(request, reporter or Silent())


def contents(cloud: Cloud) -> dict[str, bytes]:
    """Return every object of a store as it is, without the checks of the code under test."""
    driver = cloud.store.driver
    found = {}
    for meta in driver.list(""):
        with driver.get(meta.key) as read:
            found[meta.key] = b"".join(read.chunks)
    return found


@functools.lru_cache(maxsize=64)
def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def audit(objects: Mapping[str, bytes]) -> dict[str, list[int]]:
    """Check that whatever a reader of this store can be led to is there and whole.

    Returns:
        Model → its version numbers.

    """
    versions: dict[str, list[int]] = {}
    for key, body in objects.items():
        kind = key.split("/")
        if kind[0] == "blobs":
            assert sha256(body) == kind[3], f"{key} holds other bytes"
        elif kind[0] == "manifests":
            assert f"{sha256(body)}.json" == kind[2], f"{key} holds other bytes"
        elif kind[0] == "models" and kind[2] == "versions":
            record = json.loads(body)
            assert (record["model"], f"{record['version']:08d}.json") == (kind[1], kind[3])
            _check_manifest(objects, record["manifest"])
            versions.setdefault(kind[1], []).append(record["version"])
        elif kind[0] == "models" and kind[2] == "aliases" and len(kind) == 4:
            _check_alias(objects, key, json.loads(body))
    return {model: sorted(numbers) for model, numbers in versions.items()}


def _check_manifest(objects: Mapping[str, bytes], digest: str) -> None:
    manifest = json.loads(objects[f"manifests/sha256/{digest}.json"])
    for file in manifest["files"]:
        blob = objects[f"blobs/sha256/{file['sha256'][:2]}/{file['sha256']}"]
        assert len(blob) == file["size"]


def _check_alias(objects: Mapping[str, bytes], key: str, record: dict[str, Any]) -> None:
    """An alias points at a version that is there, at the end of a chain without a gap."""
    if not record.get("removed"):
        key_of_version = f"models/{record['model']}/versions/{record['version']:08d}.json"
        assert json.loads(objects[key_of_version])["manifest"] == record["manifest"]
    previous = None
    for seq in range(1, record["seq"] + 1):
        entry = objects[f"{key.removesuffix('.json')}.log/{seq:08d}.json"]
        said = json.loads(entry)
        assert (said["seq"], said["prev"]) == (seq, previous)
        previous = sha256(entry)
    assert previous == sha256(objects[key]), "the alias is not the entry that it claims to be"


def alias_log(objects: Mapping[str, bytes], model: str, alias: str) -> list[dict[str, Any]]:
    """Return all entries of an alias's log, in order."""
    prefix = f"models/{model}/aliases/{alias}.log/"
    return [json.loads(objects[key]) for key in sorted(objects) if key.startswith(prefix)]


def without_marker(objects: Mapping[str, bytes]) -> dict[str, bytes]:
    return {key: body for key, body in objects.items() if key != "deployer.json"}
