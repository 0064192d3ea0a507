"""``list`` and ``show`` where there are ten versions, and where there are thousands."""

import os
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from benchmarks.contenders import URLS
from benchmarks.measure import Command, Figures, middle, run_together
from deployer.emulators import Server, running
from deployer.registry.format import layout
from deployer.registry.format.records import AliasRecord, VersionRecord, decode, digest, encode
from providers.open import open_store
from providers.store import Store, StoreOptions

__all__ = ["versions"]

FEW = 10
WRITERS = 16
COMMANDS = {
    "list": ["list", "bench"],
    "show :N": ["show", "bench:7"],
    "show (matrix)": ["show", "bench"],
}


def versions(many: int, rounds: int) -> dict[str, Figures]:
    """Measure each command with `many` versions and with few; the last row is ``--help``."""
    found: dict[str, list[Figures]] = {}
    for count in (many, FEW):
        with running("seaweedfs") as server, tempfile.TemporaryDirectory() as folder:
            environment = _fill(server, Path(folder), count)
            for _ in range(rounds):
                for name, arguments in COMMANDS.items():
                    command = Command([sys.executable, "-m", "deployer", *arguments], environment)
                    found.setdefault(f"{name}, {count} versions", []).extend(
                        run_together([command])
                    )
    helps = Command([sys.executable, "-m", "deployer", "--help"], {})
    found["--help"] = [each for _ in range(rounds) for each in run_together([helps])]
    return {name: middle(figures) for name, figures in found.items()}


def _fill(server: Server, folder: Path, count: int) -> dict[str, str]:
    """Publish once for real, then write the records of `count` versions of the same content."""
    model = folder / "model"
    model.mkdir()
    (model / "model.bin").write_bytes(b"1")
    environment = {
        **server.environment(),
        "XDG_STATE_HOME": str(folder / "state"),
        "DEPLOYER_CLOUDS_AWS_URL": URLS["aws"],
    }
    push = [sys.executable, "-m", "deployer", "push", str(model), "bench", "-q"]
    run_together([Command(push, environment)])
    os.environ.update(server.environment())
    with open_store(URLS["aws"], options=StoreOptions(workers=WRITERS)) as store:
        first = decode(store.get(layout.version("bench", 1)), VersionRecord, where="version 1")
        found = store.get(layout.alias("bench", "latest"))
        alias = decode(found, AliasRecord, where="latest")
        with ThreadPoolExecutor(WRITERS) as pool:
            for _ in pool.map(lambda number: _version(store, first, number), range(2, count + 1)):
                pass
        body = found
        for seq in range(2, count + 1):
            moved = msgspec.structs.replace(alias, seq=seq, version=seq, prev=digest(body))
            body = encode(moved)
            store.put(layout.alias_log("bench", "latest", seq), body, mode="create")
        store.put(layout.alias("bench", "latest"), body, mode="overwrite")
    shutil.rmtree(model)
    return environment


def _version(store: Store, first: VersionRecord, number: int) -> None:
    body = encode(msgspec.structs.replace(first, version=number))
    store.put(layout.version("bench", number), body, mode="create")
