"""Reads every object of a store and judges it, past all the code that a drill tests."""

import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from deployer.drills.estate.clouds import DrillClouds
from deployer.drills.evidence.records import Integrity, Kept
from providers.store import Store

__all__ = ["audit", "contents", "versions_in"]


def audit(clouds: DrillClouds) -> Integrity:
    """Return what every cloud holds."""
    with ThreadPoolExecutor(len(clouds.names)) as pool:
        found = dict(
            zip(clouds.names, pool.map(lambda each: contents(each.store), clouds), strict=True)
        )
    return Integrity(
        clouds={name: _judged(objects) for name, objects in found.items()},
        versions={name: versions_in(objects) for name, objects in found.items()},
    )


def contents(store: Store) -> dict[str, bytes]:
    """Return every object as it is; drills' models are small."""
    driver = store.driver
    found = {}
    for meta in driver.list(""):
        with driver.get(meta.key) as read:
            found[meta.key] = b"".join(read.chunks)
    return found


def versions_in(objects: Mapping[str, bytes]) -> dict[str, str]:
    """Return ``model:version`` → the manifest's digest, of versions that are wholly there."""
    found = {}
    for key, body in objects.items():
        parts = key.split("/")
        if len(parts) != 4 or parts[0] != "models" or parts[2] != "versions":  # noqa: PLR2004
            continue
        record = _document(body)
        digest = str(record.get("manifest", ""))
        if digest and _whole(objects, digest):
            found[f"{record['model']}:{record['version']}"] = digest
    return found


def _whole(objects: Mapping[str, bytes], digest: str) -> bool:
    body = objects.get(f"manifests/sha256/{digest}.json")
    if body is None or hashlib.sha256(body).hexdigest() != digest:
        return False
    for file in _document(body).get("files", []):
        sha256 = file["sha256"]
        blob = objects.get(f"blobs/sha256/{sha256[:2]}/{sha256}")
        if blob is None or hashlib.sha256(blob).hexdigest() != sha256:
            return False
    return True


def _judged(objects: Mapping[str, bytes]) -> tuple[Kept, ...]:
    return tuple(
        Kept(key, len(body), hashlib.sha256(body).hexdigest(), _promised(key))
        for key, body in sorted(objects.items())
    )


def _promised(key: str) -> str:
    kind, _, rest = key.partition("/")
    if kind == "blobs":
        return rest.rpartition("/")[2]
    if kind == "manifests":
        return rest.rpartition("/")[2].removesuffix(".json")
    return ""


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
