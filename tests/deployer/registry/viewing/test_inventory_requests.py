"""What `list`, `show` and `history` ask of a cloud: the same with 10 and with 10,000 versions."""

import threading
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from deployer.registry.aliasing.aliases import Move, move
from deployer.registry.aliasing.history import history
from deployer.registry.cloud import Cloud
from deployer.registry.format.names import LATEST, parse_reference
from deployer.registry.reading.resolve import read_version, resolve
from deployer.registry.viewing.inventory import models, newest_versions, read_aliases
from deployer.registry.viewing.matrix import matrix
from deployer.registry.viewing.standing import stand
from providers.memory import MemoryDriver
from providers.store import Store
from tests.deployer.registry.cli_kit import World
from tests.deployer.registry.publishing.test_request_counts import FEW, MANY, Count, add_versions
from tests.deployer.registry.registry_kit import (
    DIALECTS,
    NAMES,
    QUICK,
    memory_clouds,
    push,
    strict_clouds,
    strict_environment,
)
from tests.fakes import StrictCloud

MakeFolder = Callable[[Mapping[str, bytes]], Path]


def grow(strict: StrictCloud, clouds: list[Cloud], last: int) -> None:
    """Let there be versions up to `last` on every cloud, and `latest` point at it."""
    for cloud in clouds:
        add_versions(strict, DIALECTS[cloud.name], last)
        point(cloud, LATEST, last)


def point(cloud: Cloud, alias: str, version: int, manifest: str | None = None) -> None:
    txn = str(uuid.uuid4())
    manifest = manifest or read_version(cloud, "penguins", version).manifest
    move(
        cloud,
        Move(model="penguins", alias=alias, version=version, manifest=manifest, epoch=1, txn=txn),
    )


@pytest.fixture
def published(strict: StrictCloud, make_folder: MakeFolder, state: Path) -> list[Cloud]:
    clouds = strict_clouds()
    push(clouds, make_folder({"a": b"1", "b": b"2"}), state=state, aliases=("champion",))
    return clouds


COMMANDS = {
    "list": ["list", "penguins", "--limit", "5"],
    "show": ["show", "penguins", "--limit", "5"],
    "one": ["show", "penguins:7"],
    "matrix": ["show", "penguins", "--matrix", "--limit", "5"],
}


def test_a_long_history_costs_nothing(
    strict: StrictCloud, published: list[Cloud], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No listing of the versions, and no more reads; on every cloud."""
    world = World(tmp_path, monkeypatch)
    world.setenv(strict_environment(strict))
    costs: dict[str, list[dict[str, Counter[tuple[str, str]]]]] = {name: [] for name in COMMANDS}
    for last in (FEW, MANY):
        grow(strict, published, last)
        for name, command in COMMANDS.items():
            with Count(strict) as asked:
                shown = world.invoke(*command, "-o", "json").ok().json
            if name == "list":
                assert [line["version"] for line in shown] == list(range(last, last - 5, -1))
            elif name != "one":
                lines = (shown["matrix"] if name == "show" else shown)["versions"]
                assert [line["version"] for line in lines] == list(range(last, last - 5, -1))
                assert all(set(line["clouds"].values()) == {"complete"} for line in lines)
            costs[name].append(asked)
    for name, (few, many) in costs.items():
        assert few == many, name
    assert costs["list"][0]["gcs"].total() == 0
    assert costs["list"][0]["s3"].total() <= 10


@pytest.mark.parametrize("limit", [1, 5, 10])
def test_a_matrix_asks_for_shared_content_once(
    strict: StrictCloud, published: list[Cloud], limit: int
) -> None:
    """Every version has the same two files here: each cloud is asked for these two."""
    grow(strict, published, 10)
    with Count(strict) as asked:
        assert len(matrix(published, "penguins", limit).lines) == limit
    for dialect in DIALECTS.values():
        counted: Counter[str] = Counter()
        for (_, kind), times in asked[dialect].items():
            counted[kind] += times
        assert counted["blobs"] == 2
        assert counted["manifests"] <= 2
        # A record for each line and one more; where there is none, a look for its deletion.
        aliases = 2
        assert counted["models"] == limit + 2 + aliases


class Peak(MemoryDriver):
    """Counts the requests, and how many of them were under way at once."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self.under_way = 0
        self.peak = 0
        self.gate = threading.Lock()

    def __getattribute__(self, name: str) -> Any:
        if name in {"get", "head", "list_dir"}:
            self.calls += 1
        return super().__getattribute__(name)

    def list_dir(self, prefix: str) -> Any:
        with self.gate:
            self.under_way += 1
            self.peak = max(self.peak, self.under_way)
        try:
            return super().list_dir(prefix)
        finally:
            with self.gate:
                self.under_way -= 1


def test_a_thousand_models(make_folder: MakeFolder, state: Path) -> None:
    """A listing for each model and a read for each alias, some of them at once."""
    driver = Peak()
    cloud = Cloud("aws", Store(driver, QUICK))
    push([cloud], make_folder({"a": b"1"}), state=state, aliases=("champion",))
    held = {key: value for key, value in driver.objects.items() if key.startswith("models/")}
    for number in range(1_000):
        for key, (body, _) in held.items():
            renamed = body.replace(b'"model":"penguins"', b'"model":"m%d"' % number)
            twin = key.replace("models/penguins/", f"models/m{number}/")
            cloud.store.put(twin, renamed, mode="create")
    driver.calls = 0
    lines = list(models(cloud))
    assert len(lines) == 1_001
    assert [line.name for line in lines] == sorted(line.name for line in lines)
    assert all((line.latest, line.aliases) == (1, {"champion": 1}) for line in lines)
    assert driver.calls <= 1 + 1_001 + 2 * 1_001
    assert driver.peak <= 16


def test_versions_that_were_deleted_are_walked_over(make_folder: MakeFolder, state: Path) -> None:
    """A few gaps cost a few reads; where nearly all are gone, the versions are listed."""
    clouds = memory_clouds("aws")
    for number in range(30):
        push(clouds, make_folder({"a": b"%d" % number}), state=state)
    for number in (29, 27, 26):
        clouds[0].store.delete(f"models/penguins/versions/{number:08d}.json")
    found = newest_versions(clouds[0], "penguins", 30, 4)
    assert [record.version for record in found.records] == [30, 28, 25, 24]
    assert found.older == 23
    for number in range(2, 26):
        clouds[0].store.delete(f"models/penguins/versions/{number:08d}.json")
    found = newest_versions(clouds[0], "penguins", 30, 4)
    assert [record.version for record in found.records] == [30, 28, 1]
    assert found.older == 0


def test_history_reads_what_it_shows(make_folder: MakeFolder, state: Path) -> None:
    driver = Peak()
    cloud = Cloud("aws", Store(driver, QUICK))
    for number in range(2):
        push([cloud], make_folder({"a": b"%d" % number}), state=state)
    digests = [read_version(cloud, "penguins", number).manifest for number in (1, 2)]
    costs = []
    for _ in range(2):
        for number in range(40):
            point(cloud, "champion", number % 2 + 1, digests[number % 2])
        driver.calls = 0
        events, problems = history(cloud, "penguins", "champion", 5)
        assert (len(events), problems) == (5, [])
        costs.append(driver.calls)
    assert costs[0] == costs[1] <= 5 + 4


def test_an_alias_is_read_once(make_folder: MakeFolder, state: Path) -> None:
    driver = Peak()
    cloud = Cloud("aws", Store(driver, QUICK))
    push([cloud], make_folder({"a": b"1"}), state=state, aliases=tuple("xyz"))
    driver.calls = 0
    found, damaged = read_aliases(cloud, "penguins")
    assert ([record.alias for record in found], damaged) == (["latest", "x", "y", "z"], {})
    assert driver.calls == 1 + 4


def test_a_signature_is_part_of_a_version(make_folder: MakeFolder, state: Path) -> None:
    """A cloud without it does not have the whole version."""
    clouds = memory_clouds(*NAMES)
    push(clouds, make_folder({"a": b"1"}), state=state)
    resolved = resolve(clouds[0], parse_reference("penguins"))
    assert stand(clouds[0], resolved).state == "complete"
    signed = msgspec.structs.replace(resolved.manifest, signature="0" * 64)
    for deep in (False, True):
        standing = stand(clouds[0], replace(resolved, manifest=signed), deep=deep)
        assert standing.state == "missing"
