"""One publish, and the next: which objects there are, in which order, and for how many requests."""

import itertools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from deployer.registry.cloud import Cloud
from deployer.registry.publishing.publish import Facts
from providers.store import StoreOptions
from tests.deployer.registry.registry_kit import (
    BUCKET,
    DIALECTS,
    NAMES,
    WRITES,
    alias_log,
    audit,
    contents,
    push,
    sha256,
    strict_clouds,
    without_marker,
)
from tests.fakes import StrictCloud
from tests.fakes.connection import LoggedRequest

MakeFolder = Callable[[Mapping[str, bytes]], Path]
FILES = {"model.onnx": b"onnx", "report/index.html": b"<p>", "empty": b""}


def blob(body: bytes) -> str:
    return f"blobs/sha256/{sha256(body)[:2]}/{sha256(body)}"


def manifest_of(objects: Mapping[str, bytes], version: int, model: str = "penguins") -> Any:
    record = json.loads(objects[f"models/{model}/versions/{version:08d}.json"])
    return json.loads(objects[f"manifests/sha256/{record['manifest']}.json"])


def test_the_objects_of_one_publish(
    clouds: list[Cloud], make_folder: MakeFolder, state: Path
) -> None:
    published = push(clouds, make_folder(FILES), state=state, aliases=("champion",))
    assert (published.version, published.created, published.behind) == (1, True, {})
    for cloud in clouds:
        objects = contents(cloud)
        assert set(objects) == {
            "deployer.json",
            *(blob(body) for body in FILES.values()),
            f"manifests/sha256/{published.manifest}.json",
            "models/penguins/versions/00000001.json",
            "models/penguins/aliases/latest.json",
            "models/penguins/aliases/latest.log/00000001.json",
            "models/penguins/aliases/champion.json",
            "models/penguins/aliases/champion.log/00000001.json",
        }
        assert audit(objects) == {"penguins": [1]}


def test_byte_for_byte_the_same_on_every_cloud_but_the_marker(
    clouds: list[Cloud], make_folder: MakeFolder, state: Path
) -> None:
    for number in range(3):
        push(clouds, make_folder(FILES | {"n": b"%d" % number}), state=state, aliases=("champion",))
    first, *others = (contents(cloud) for cloud in clouds)
    markers = [json.loads(objects["deployer.json"]) for objects in (first, *others)]
    for objects in others:
        assert without_marker(objects) == without_marker(first)
    assert len({marker["registry"] for marker in markers}) == 1
    assert len({marker["store"] for marker in markers}) == len(clouds)
    assert {marker["home"] for marker in markers} == {markers[0]["store"]}


def test_the_manifest_says_what_it_was_told(
    clouds: list[Cloud], make_folder: MakeFolder, state: Path
) -> None:
    facts = Facts(
        schema={"inputs": []},
        metrics={"accuracy": 0.5},
        frameworks={"numpy": "2"},
        data=sha256(b"table"),
        commit="f" * 40,
        residency=("eu",),
    )
    push(clouds, make_folder({"b": b"22", "a/x": b"1", "B2": b""}), state=state, facts=facts)
    assert manifest_of(contents(clouds[1]), 1) == {
        "format": 1,
        "files": [
            {"path": "B2", "size": 0, "sha256": sha256(b"")},
            {"path": "a/x", "size": 1, "sha256": sha256(b"1")},
            {"path": "b", "size": 2, "sha256": sha256(b"22")},
        ],
        "schema": {"inputs": []},
        "metrics": {"accuracy": 0.5},
        "lineage": {"parent": None, "data": sha256(b"table"), "commit": "f" * 40},
        "frameworks": {"numpy": "2"},
        "residency": ["eu"],
        "signature": None,
    }


def test_a_repetition_changes_nothing(
    clouds: list[Cloud], make_folder: MakeFolder, state: Path
) -> None:
    root = make_folder(FILES)
    first = push(clouds, root, state=state, aliases=("champion",))
    before = [contents(cloud) for cloud in clouds]
    for other_state in (state, state.with_name("another-machine")):
        again = push(clouds, root, state=other_state, aliases=("champion",))
        assert (again.version, again.created) == (1, False)
        assert again.manifest == first.manifest
        assert [sent.sent for sent in again.sent.values()] == [0, 0, 0]
    assert [contents(cloud) for cloud in clouds] == before


def test_another_commit_is_not_another_version(
    clouds: list[Cloud], make_folder: MakeFolder, state: Path
) -> None:
    root = make_folder(FILES)
    push(clouds, root, state=state, facts=Facts(commit="a" * 40))
    assert not push(clouds, root, state=state, facts=Facts(commit="b" * 40)).created
    assert push(clouds, root, state=state, facts=Facts(metrics={"f1": 0.5})).version == 2


def test_a_changed_file_makes_version_2_and_sends_only_itself(
    clouds: list[Cloud], make_folder: MakeFolder, state: Path
) -> None:
    first = push(clouds, make_folder(FILES), state=state)
    second = push(clouds, make_folder(FILES | {"model.onnx": b"better"}), state=state)
    assert (second.version, second.created) == (2, True)
    for cloud in clouds:
        sent = second.sent[cloud.name]
        assert (sent.sent, sent.sent_bytes, sent.reused) == (1, 6, 2)
        objects = contents(cloud)
        assert audit(objects) == {"penguins": [1, 2]}
        assert manifest_of(objects, 2)["lineage"]["parent"] == first.manifest
        assert [entry["version"] for entry in alias_log(objects, "penguins", "latest")] == [1, 2]


def test_going_back_to_old_content_is_a_new_version(
    clouds: list[Cloud], make_folder: MakeFolder, state: Path
) -> None:
    old, new = make_folder({"a": b"old"}), make_folder({"a": b"new"})
    versions = [push(clouds, root, state=state).version for root in (old, new, old)]
    assert versions == [1, 2, 3]
    objects = contents(clouds[0])
    assert json.loads(objects["models/penguins/aliases/latest.json"])["version"] == 3
    assert manifest_of(objects, 3)["files"] == manifest_of(objects, 1)["files"]


def test_one_content_under_two_paths_is_kept_and_sent_once(
    clouds: list[Cloud], make_folder: MakeFolder, state: Path
) -> None:
    published = push(clouds, make_folder({"a": b"same", "b/c": b"same", "d": b"o"}), state=state)
    for cloud in clouds:
        assert published.sent[cloud.name].sent == 2
        blobs = [key for key in contents(cloud) if key.startswith("blobs/")]
        assert sorted(blobs) == sorted([blob(b"same"), blob(b"o")])


def test_models_do_not_meddle(clouds: list[Cloud], make_folder: MakeFolder, state: Path) -> None:
    for model in ("penguins", "penguins2", "pen"):
        assert push(clouds, make_folder(FILES), state=state, model=model).version == 1
    versions = {"penguins": [1], "penguins2": [1], "pen": [1]}
    assert audit(contents(clouds[2])) == versions


def test_nothing_is_left_in_the_state_folder_but_probes(
    clouds: list[Cloud], make_folder: MakeFolder, state: Path
) -> None:
    push(clouds, make_folder(FILES), state=state)
    push(clouds, make_folder({"a": b""}), state=state)
    files = [path for path in state.rglob("*") if path.is_file()]
    assert {path.parent.name for path in files} == {"probes"}
    assert len(files) == len(clouds)


# Order and cost, by the log of the strict fake


def log_of_push(
    strict: StrictCloud, root: Path, state: Path, *names: str, **options: Any
) -> list[LoggedRequest]:
    """Publish with fresh clients, as a process would, and return the requests of that."""
    start = len(strict.requests)
    clouds = strict_clouds(*names)
    try:
        assert not push(clouds, root, state=state, **options).behind
    finally:
        for cloud in clouds:
            cloud.store.close()
    return strict.requests[start:]


def test_every_write_comes_after_what_it_refers_to(
    strict: StrictCloud, make_folder: MakeFolder, state: Path
) -> None:
    files = {f"f{number}": b"%d" % number for number in range(8)}
    log = log_of_push(strict, make_folder(files), state, *NAMES, home="gcp", aliases=("prod",))
    writes = [(e.dialect, e.key) for e in log if e.operation in WRITES and e.status < 300]

    def when(dialect: str, prefix: str) -> list[int]:
        return [i for i, (d, key) in enumerate(writes) if d == dialect and key.startswith(prefix)]

    for dialect in DIALECTS.values():
        steps = [
            when(dialect, "deployer.json"),
            when(dialect, "txn/"),
            when(dialect, "blobs/"),
            when(dialect, "manifests/"),
            when(dialect, "models/penguins/versions/"),
            when(dialect, "models/penguins/aliases/latest.log/"),
            when(dialect, "models/penguins/aliases/latest.json"),
            when(dialect, "models/penguins/aliases/prod.log/"),
            when(dialect, "models/penguins/aliases/prod.json"),
        ]
        assert [len(step) for step in steps] == [1, 1, len(files), 1, 1, 1, 1, 1, 1]
        for earlier, later in itertools.pairwise(steps):
            assert max(earlier) < min(later)
    commit = when("gcs", "models/penguins/versions/")[0]
    for dialect in ("s3", "azure"):
        assert (
            when(dialect, "manifests/")[0] < commit < when(dialect, "models/penguins/versions")[0]
        )
        for alias in ("latest", "prod"):
            path = f"models/penguins/aliases/{alias}"
            assert when("gcs", f"{path}.json")[0] < when(dialect, f"{path}.log/")[0]
    closed = [i for i, e in enumerate(log) if "delete" in e.operation.lower() and "txn/" in e.key]
    last_write = max(i for i, entry in enumerate(log) if entry.operation in WRITES)
    assert len(closed) == len(NAMES)
    assert min(closed) > last_write


def per_cloud(log: list[LoggedRequest]) -> dict[str, int]:
    return {d: sum(entry.dialect == d for entry in log) for d in DIALECTS.values()}


def test_requests_are_constant_and_one_for_each_new_blob(
    strict: StrictCloud, make_folder: MakeFolder, state: Path
) -> None:
    """Whatever the number of versions, models and old files."""
    files = {f"f{number}": b"%d" % number for number in range(6)}
    log_of_push(strict, make_folder(files), state, *NAMES)  # founds the registry
    costs = []
    for round_ in range(5):
        new = {f"n{number}": b"%d.%d" % (round_, number) for number in range(round_)}
        costs.append(per_cloud(log_of_push(strict, make_folder(new or {"a": b"."}), state, *NAMES)))
    for dialect in DIALECTS.values():
        # The first replaces six known files by one, the others bring 1, 2, 3, 4 new ones.
        assert [cost[dialect] - costs[1][dialect] for cost in costs[1:]] == [0, 1, 2, 3]
        assert costs[0][dialect] == costs[1][dialect]
        assert costs[1][dialect] <= 16


def test_an_idempotent_push_costs_the_same_after_many_versions(
    strict: StrictCloud, make_folder: MakeFolder, state: Path
) -> None:
    root = make_folder({"a": b"1"})
    log_of_push(strict, root, state, *NAMES)
    early = log_of_push(strict, root, state, *NAMES)
    for number in range(2, 6):
        root = make_folder({"a": b"%d" % number})
        log_of_push(strict, root, state, *NAMES)
    late = log_of_push(strict, root, state, *NAMES)
    assert per_cloud(late) == per_cloud(early)
    for log in (early, late):
        assert not [entry for entry in log if entry.operation in WRITES and "blobs/" in entry.key]


def test_old_files_are_not_sent_again(
    strict: StrictCloud, make_folder: MakeFolder, state: Path
) -> None:
    files = {f"f{number}": b"%d" % number for number in range(20)}
    log_of_push(strict, make_folder(files), state, *NAMES)
    log = log_of_push(strict, make_folder(files | {"f0": b"new"}), state, *NAMES)
    sent = [e.key for e in log if e.operation in WRITES and e.key.startswith("blobs/")]
    assert sent == [blob(b"new")] * len(NAMES)


def test_a_probed_store_is_not_probed_again(
    strict: StrictCloud, make_folder: MakeFolder, state: Path
) -> None:
    founded = log_of_push(strict, make_folder({"a": b"1"}), state, *NAMES)
    again = log_of_push(strict, make_folder({"a": b"2"}), state, *NAMES)
    assert [entry for entry in founded if entry.key.startswith("deployer-probe/")]
    assert not [entry for entry in again if entry.key.startswith("deployer-probe/")]


@pytest.mark.parametrize("size", [5 * 1024 * 1024, 5 * 1024 * 1024 + 1, 11 * 1024 * 1024])
def test_large_files_go_in_parts_and_arrive_whole(
    strict: StrictCloud, make_folder: MakeFolder, state: Path, size: int
) -> None:
    body = bytes(range(251)) * (size // 251 + 1)
    root = make_folder({"weights": body[:size], "small": b"1"})
    clouds = strict_clouds(options=StoreOptions(part_size=5 * 1024 * 1024, journal=state / "up"))
    published = push(clouds, root, state=state)
    for dialect in DIALECTS.values():
        objects = strict.objects(dialect, BUCKET)
        assert objects[blob(body[:size])] == body[:size]
        assert audit(objects) == {"penguins": [1]}
        assert not strict.pending_uploads(dialect, BUCKET)
        assert not [key for key in objects if key.startswith(".deployer-parts/")]
    assert {sent.sent_bytes for sent in published.sent.values()} == {size + 1}
    assert not list((state / "up").glob("*.json"))
