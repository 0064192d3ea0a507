"""A small registry on three clouds, ways to damage it, and what verify and repair say of it."""

import functools
import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from deployer.registry.cloud import Cloud
from deployer.registry.format.names import Reference
from deployer.upkeep.repair import Repaired, repair
from deployer.upkeep.verify import Verified, verify
from providers.driver import SHA256
from providers.memory import MemoryDriver
from providers.model import ObjectMeta
from tests.deployer.registry.registry_kit import (
    BUCKET,
    DIALECTS,
    Silent,
    contents,
    folder_of,
    memory_clouds,
    push,
    without_marker,
)
from tests.fakes import StrictCloud

MARKER = "deployer.json"


def publish_some(clouds: Sequence[Cloud], folder: Path, state: Path) -> None:
    """Publish two models in three versions each, with aliases and content that they share."""
    numbers = random.Random(1)
    weights = numbers.randbytes(3000)
    for model in ("penguins", "whales"):
        for number in range(1, 4):
            files = {
                "weights": weights,
                "deep/table": f"{model} {number}".encode(),
                "note": b"x" * number,
            }
            root = folder_of(folder / f"{model}{number}", files)
            aliases = ("champion",) if number != 2 else ()
            push(clouds, root, state=state, model=model, aliases=aliases)


@functools.cache
def _template() -> tuple[dict[str, tuple[bytes, ObjectMeta]], ...]:
    with tempfile.TemporaryDirectory() as folder:
        clouds = memory_clouds()
        publish_some(clouds, Path(folder) / "models", Path(folder) / "state")
    return tuple(dict(memory_of(cloud)) for cloud in clouds)


def small_registry() -> list[Cloud]:
    """Return clouds in memory that hold what :func:`publish_some` publishes."""
    clouds = memory_clouds()
    for cloud, objects in zip(clouds, _template(), strict=True):
        memory_of(cloud).update(objects)
    return clouds


def memory_of(cloud: Cloud) -> dict[str, tuple[bytes, ObjectMeta]]:
    """Return the objects of a cloud in memory, to be changed behind its back."""
    driver = cloud.store.driver
    assert isinstance(driver, MemoryDriver)
    return driver.objects


def verified(
    clouds: Sequence[Cloud], *, quick: bool = False, references: Sequence[Reference] = ()
) -> Verified:
    return verify(clouds, watcher=Silent(), quick=quick, references=references, complete=True)


def repaired(
    clouds: Sequence[Cloud],
    state: Path,
    *,
    references: Sequence[Reference] = (),
    dry_run: bool = False,
    quick: bool = False,
) -> Repaired:
    return repair(
        clouds,
        probes=state / "probes",
        watcher=Silent(),
        references=references,
        dry_run=dry_run,
        complete=True,
        quick=quick,
    )


def problems(found: Verified) -> set[tuple[str, str, str]]:
    """Return ``(cloud, key, problem)`` of everything that is wrong."""
    return {(each.cloud, each.key, str(each.problem)) for each in found.defects}


def everything(clouds: Sequence[Cloud]) -> list[dict[str, bytes]]:
    """Return what the clouds hold, but for what differs from store to store."""
    return [without_marker(contents(cloud)) for cloud in clouds]


def flip(body: bytes, at: int | None = None) -> bytes:
    """Return `body` with one bit of one byte changed; an empty one gets a byte."""
    if not body:
        return b"\0"
    at = len(body) // 2 if at is None else at % len(body)
    return body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]


def truncate(body: bytes) -> bytes:
    return body[:-1] if body else b"\0"


Damage = Callable[[bytes], bytes | None]
DAMAGES: dict[str, Damage] = {"flip": flip, "truncate": truncate, "delete": lambda _: None}
CASES = [
    ("flip", True),
    ("flip", False),
    ("truncate", True),
    ("truncate", False),
    ("delete", True),
]
"""What is done to an object, and whether what its writer recorded of it stays."""


def strike_memory(cloud: Cloud, key: str, damage: Damage, *, metadata: bool) -> None:
    """Damage an object behind its store's back; keep what was recorded of it, or lose that."""
    objects = memory_of(cloud)
    body, meta = objects[key]
    changed = damage(body)
    if changed is None:
        del objects[key]
        return
    meta = replace(meta, size=len(changed))
    if not metadata:
        meta = replace(meta, sha256=None, metadata={})
    objects[key] = (changed, meta)


def strike_strict(
    strict: StrictCloud, name: str, key: str, damage: Damage, *, metadata: bool
) -> None:
    """Do the same to an object of the strict fake."""
    dialect = DIALECTS[name]
    state = strict.dialect(dialect).state
    with state.lock:
        bucket = state.buckets[BUCKET]
        changed = damage(bucket.objects[key].data)
        if changed is None:
            bucket.remove(key)
            return
        strict.tamper(dialect, BUCKET, key, changed)
        if not metadata:
            held = bucket.objects[key]
            kept = {n: v for n, v in held.metadata.items() if n.lower() != SHA256}
            bucket.put(replace(held, metadata=kept))
