"""Objects larger than what a store may hold in memory pass through it."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from providers.model import MIB
from tests.fakes import StrictCloud
from tests.providers.harness_local import LocalHarness
from tests.providers.test_conformance_strict import harness_on

SIZE = 160 * MIB
PART = 8 * MIB
WORKERS = 2
# Parts on their way, each perhaps once more in a socket's or a SDK's buffer, and some air.
ALLOWED = (WORKERS + 3) * 2 * PART

TRANSFER = """
import resource, sys
from pathlib import Path
from providers.model import MIB
from providers.open import open_store
from providers.store import StoreOptions

url, endpoint, folder, size = sys.argv[1], sys.argv[2] or None, Path(sys.argv[3]), int(sys.argv[4])
options = StoreOptions(workers=2, part_size=8 * MIB)

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

def body(size):
    piece = bytes(range(256)) * 4096
    for _ in range(size // MIB):
        yield piece

with open_store(url, endpoint=endpoint, options=options) as store:
    store.put("warm", body(MIB), mode="create")
    store.get("warm")
    store.download("warm", folder / "warm")
    before = peak()
    store.put("large", body(size), mode="create")
    with store.open("large") as read:
        assert sum(map(len, read.chunks)) == size
    store.download("large", folder / "large")
    store.put("file", folder / "large", mode="create")
    print(peak() - before)
"""


def peak_of_transfers(
    url: str, endpoint: str | None, environment: Mapping[str, str], folder: Path
) -> int:
    """Return by how many bytes transfers of `SIZE` raise a process's peak of memory."""
    done = subprocess.run(
        [sys.executable, "-c", TRANSFER, url, endpoint or "", str(folder), str(SIZE)],
        cwd=Path(__file__).parents[2],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.fixture
def cloud() -> Iterator[StrictCloud]:
    with StrictCloud() as cloud:
        yield cloud


@pytest.mark.slow
@pytest.mark.parametrize("name", ["s3", "gcs", "azure"])
def test_memory_over_http(cloud: StrictCloud, name: str, tmp_path: Path) -> None:
    with harness_on(cloud, name) as harness:
        peak = peak_of_transfers(harness.url, harness.endpoint, harness.environment, tmp_path)
    assert peak < ALLOWED


@pytest.mark.slow
def test_memory_of_a_folder(tmp_path: Path) -> None:
    with LocalHarness() as harness:
        assert peak_of_transfers(harness.url, None, {}, tmp_path) < ALLOWED
