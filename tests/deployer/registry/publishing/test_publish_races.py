"""Publishers at the same time: no version is lost, doubled or left out, on any cloud."""

import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deployer.registry.cloud import Cloud
from deployer.registry.format.names import parse_reference
from deployer.registry.publishing.journal import PublishJournal, Unfinished
from deployer.registry.publishing.publish import Published
from deployer.registry.reading.resolve import resolve
from providers.driver import Driver
from providers.memory import MemoryDriver
from providers.model import ObjectMeta, PutMode
from providers.prefixed import PrefixedDriver
from providers.store import Store
from tests.deployer.registry.registry_kit import (
    BUCKET,
    DIALECTS,
    QUICK,
    alias_log,
    audit,
    contents,
    memory_clouds,
    push,
    strict_clouds,
    without_marker,
)
from tests.fakes import StrictCloud

MakeFolder = Callable[[Mapping[str, bytes]], Path]
PUBLISHERS = 3


def at_once(tasks: list[Callable[[], Published]]) -> list[Published]:
    """Run all tasks at the same time, each in a thread."""
    barrier = threading.Barrier(len(tasks))

    def run(task: Callable[[], Published]) -> Published:
        barrier.wait(timeout=30)
        return task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return [future.result() for future in [pool.submit(run, task) for task in tasks]]


def sharing(clouds: list[Cloud]) -> list[Cloud]:
    """Return what another process would open: other stores on the same drivers."""
    return [Cloud(cloud.name, Store(cloud.store.driver, QUICK)) for cloud in clouds]


@pytest.mark.parametrize("founded", [True, False], ids=["founded", "new"])
@pytest.mark.parametrize("round_", range(2))
def test_different_content_gets_the_numbers_in_a_row(
    clouds: list[Cloud], make_folder: MakeFolder, state: Path, founded: bool, round_: int
) -> None:
    if founded:
        push(clouds, make_folder({"x": b"."}), state=state, model="other")
    roots = [make_folder({"own": b"%d" % number, "all": b"s"}) for number in range(PUBLISHERS)]
    done = at_once(
        [
            lambda root=root, n=n: push(sharing(clouds), root, state=state / str(n))  # type: ignore[misc]
            for n, root in enumerate(roots)
        ]
    )
    assert sorted(published.version for published in done) == [1, 2, 3]
    assert all(published.created for published in done)
    assert [published.behind for published in done] == [{}] * PUBLISHERS
    first, *others = [contents(cloud) for cloud in clouds]
    assert audit(first)["penguins"] == [1, 2, 3]
    assert all(audit(objects)["penguins"] == [1, 2, 3] for objects in others)
    for cloud in clouds:
        assert resolve(cloud, parse_reference("penguins")).version == 3
        for published in done:
            found = resolve(cloud, parse_reference(f"penguins:{published.version}"))
            assert found.digest == published.manifest
    assert not [key for key in first if key.startswith("txn/")]


@pytest.mark.parametrize("machines", ["one-machine", "several"])
def test_the_same_content_is_one_version(
    clouds: list[Cloud], make_folder: MakeFolder, state: Path, machines: str
) -> None:
    root = make_folder({"a": b"1", "b": b"2"})
    done = at_once(
        [
            lambda n=n: push(  # type: ignore[misc]
                sharing(clouds),
                root,
                state=state if machines == "one-machine" else state / str(n),
                aliases=("champion",),
            )
            for n in range(PUBLISHERS)
        ]
    )
    assert {published.version for published in done} == {1}
    assert len({published.manifest for published in done}) == 1
    assert [published.behind for published in done] == [{}] * PUBLISHERS
    first, *others = [without_marker(contents(cloud)) for cloud in clouds]
    assert audit(first) == {"penguins": [1]}
    assert all(objects == first for objects in others)
    assert [len(alias_log(first, "penguins", a)) for a in ("latest", "champion")] == [1, 1]


def test_clouds_in_another_order_do_not_found_two_registries_unnoticed(
    make_folder: MakeFolder, state: Path
) -> None:
    """Either all agree on one registry, or somebody is told; never a silent split."""
    for number in range(5):
        clouds = memory_clouds()
        roots = [make_folder({"a": b"%d" % n}) for n in range(2)]

        def task(
            n: int, clouds: list[Cloud] = clouds, roots: list[Path] = roots
        ) -> Published | str:
            ordered = sharing(clouds)[:: 1 if n else -1]
            try:
                return push(ordered, roots[n], state=state / f"{number}-{n}")  # noqa: B023
            except Exception as error:  # noqa: BLE001 - any message will do here
                return str(error)

        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(task, range(2)))
        markers = [json.loads(contents(cloud)["deployer.json"]) for cloud in clouds]
        if all(isinstance(result, Published) for result in done):
            assert len({marker["registry"] for marker in markers}) == 1
            assert {audit(contents(cloud))["penguins"][-1] for cloud in clouds} == {2}
        else:
            assert any("different registries" in str(result) for result in done)


def test_on_the_real_protocols_with_latency_between(
    strict: StrictCloud, make_folder: MakeFolder, state: Path
) -> None:
    """The first is held just before its commit while two others publish."""
    push(strict_clouds(), make_folder({"a": b"0"}), state=state)
    gate = strict.pause_before_commit("s3", "PutObject", "models/penguins/versions/00000002.json")
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(push, strict_clouds(), make_folder({"a": b"slow"}), state=state)
        gate.wait(30)
        quick = [
            push(strict_clouds(), make_folder({"a": b"quick%d" % n}), state=state / "other")
            for n in range(2)
        ]
        gate.release()
        published = slow.result(timeout=60)
    assert [each.version for each in (*quick, published)] == [2, 3, 4]
    assert published.behind == {}
    for dialect in DIALECTS.values():
        objects = strict.objects(dialect, BUCKET)
        assert audit(objects) == {"penguins": [1, 2, 3, 4]}
        assert [e["version"] for e in alias_log(objects, "penguins", "latest")] == [1, 2, 3, 4]


class Interrupting(PrefixedDriver):
    """Runs something once, just before the first write of a key."""

    def __init__(self, driver: Driver, key: str, act: Callable[[], object]) -> None:
        super().__init__(driver, "")
        self.url = driver.url
        self.key = key
        self.act: Callable[[], object] | None = act

    def put(
        self, key: str, body: bytes, *, mode: PutMode, metadata: Mapping[str, str]
    ) -> ObjectMeta:
        """Write an object."""
        if key == self.key and self.act is not None:
            act, self.act = self.act, None
            act()
        return super().put(key, body, mode=mode, metadata=metadata)


@pytest.mark.parametrize(
    "key",
    [
        "models/penguins/versions/00000001.json",
        "models/penguins/aliases/latest.log/00000001.json",
        "models/penguins/aliases/latest.json",
    ],
)
@pytest.mark.parametrize("name", ["aws", "gcp"])
def test_another_publish_in_the_middle_of_this_one(
    make_folder: MakeFolder, state: Path, key: str, name: str
) -> None:
    """Whole, at the worst moments: no version is behind because of somebody else's."""
    drivers = {each: MemoryDriver(each) for each in ("aws", "gcp", "azure")}
    clouds = [Cloud(each, Store(driver, QUICK)) for each, driver in drivers.items()]
    push(clouds, make_folder({"x": b"."}), state=state, model="other")
    other = make_folder({"a": b"other"})
    meddled = Interrupting(
        drivers[name], key, lambda: push(sharing(clouds), other, state=state / "other")
    )
    mine = [Cloud(c.name, Store(meddled, QUICK)) if c.name == name else c for c in clouds]
    published = push(mine, make_folder({"a": b"mine"}), state=state)
    assert published.behind == {}
    assert meddled.act is None
    for cloud in clouds:
        assert audit(contents(cloud))["penguins"] == [1, 2]
        assert resolve(cloud, parse_reference("penguins")).version == 2
        found = resolve(cloud, parse_reference(f"penguins:{published.version}"))
        assert found.digest == published.manifest


def test_one_journal_saved_by_many(tmp_path: Path) -> None:
    """Two pushes of one folder on one machine share a journal; neither may stumble over it."""
    states = [Unfinished(txn=f"t{n}", manifest="m" * 1000 * n) for n in range(4)]

    def save(state: Unfinished) -> None:
        journal = PublishJournal(tmp_path, "one")
        for _ in range(50):
            journal.save(state)
            assert journal.load() in [*states, None]
        journal.clear()

    with ThreadPoolExecutor(len(states)) as pool:
        for future in [pool.submit(save, state) for state in states]:
            future.result()
    assert list(tmp_path.iterdir()) == []
