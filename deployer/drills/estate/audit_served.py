"""Hashes one version on clouds of the user's, in bounded memory; nothing else there is read."""

import hashlib
from collections.abc import Iterator, Mapping

import msgspec

from deployer.config import CloudSettings
from deployer.drills.evidence.records import Integrity, Kept
from deployer.registry.format import layout
from providers.errors import StoreError
from providers.open import open_store
from providers.store import Store

__all__ = ["audit_served"]


def audit_served(
    settings: Mapping[str, CloudSettings], model: str, version: int, digest: str
) -> Integrity:
    """Return what the clouds hold of the version that is served.

    Args:
        settings: the clouds, by name.
        model: its name.
        version: its number.
        digest: of its manifest, in hex.

    Raises:
        StoreError: a cloud cannot be read.

    """
    clouds: dict[str, tuple[Kept, ...]] = {}
    versions: dict[str, dict[str, str]] = {}
    for name, cloud in settings.items():
        with open_store(cloud.url, endpoint=cloud.endpoint) as store:
            kept = tuple(_kept(store, digest))
        clouds[name] = kept
        whole = bool(kept) and all(each.intact for each in kept)
        versions[name] = {f"{model}:{version}": digest} if whole else {}
    return Integrity(clouds=clouds, versions=versions)


def _kept(store: Store, digest: str) -> Iterator[Kept]:
    key = layout.manifest(digest)
    body = b"".join(_chunks(store, key))
    yield Kept(key, len(body), hashlib.sha256(body).hexdigest(), digest)
    try:
        files = msgspec.json.decode(body)["files"]
    except (msgspec.DecodeError, KeyError, TypeError):
        return
    for sha256 in sorted({each["sha256"] for each in files}):
        key = layout.blob(sha256)
        hashed, size = hashlib.sha256(), 0
        for chunk in _chunks(store, key):
            hashed.update(chunk)
            size += len(chunk)
        yield Kept(key, size, hashed.hexdigest(), sha256)


def _chunks(store: Store, key: str) -> Iterator[bytes]:
    """Yield an object as it is, without the checks of the code under test; nothing if it is gone."""
    try:
        with store.driver.get(key) as read:
            yield from read.chunks
    except Exception as error:
        kind = store.driver.classify(error)
        if kind is None:
            raise
        if kind.value not in {"not-found", "bucket-not-found"}:
            raise StoreError(str(error), op="get", url=store.url) from error
