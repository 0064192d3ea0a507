"""How many requests an act costs, counted by the strict fake in each dialect.

A request is what a cloud bills and what a network delays, so these numbers are promises: they do
not grow with the number of versions, and a publish pays for what is new alone.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from deployer.registry.cloud import Cloud
from deployer.registry.format.names import parse_reference
from deployer.registry.publishing.publish import Facts
from deployer.registry.reading.resolve import resolve
from tests.deployer.registry.cli_kit import World
from tests.deployer.registry.registry_kit import (
    BUCKET,
    DIALECTS,
    NAMES,
    PUT_OF,
    push,
    sha256,
    strict_clouds,
    strict_environment,
)
from tests.fakes import StrictCloud

MakeFolder = Callable[[Mapping[str, bytes]], Path]

FEW, MANY = 10, 10_000
PAGES = {"s3": 10, "gcs": 10, "azure": 2}  # of MANY versions: 1,000 or 5,000 each
HOPS = {"penguins": 3, "penguins:1": 2, "penguins:{last}": 2, "penguins@champion": 3, "digest": 1}
# Of a publish, beside one for each new blob: at the home, and at each other cloud.
HOME_COST, COST = 15, 12
FIRST = "models/penguins/versions/00000001.json"


def add_versions(strict: StrictCloud, dialect: str, last: int) -> None:
    """Put version records up to `last` into the fake's storage, all of one manifest.

    `latest` stays where it is: a reader follows it to version 1, whatever there is beside.
    """
    held = strict.dialect(dialect)
    bucket = held.state.buckets[BUCKET]
    first = bucket.objects[FIRST]
    assert first.data.count(b'"version":1}') == 1
    start = len([key for key in bucket.objects if "/versions/" in key]) + 1
    for number in range(start, last + 1):
        body = first.data.replace(b'"version":1}', b'"version":%d}' % number)
        key = FIRST.replace("00000001", f"{number:08d}")
        named = {"deployersha256": sha256(body)}
        old = replace(first, key=key, metadata={**first.metadata, **named})
        bucket.put(held.rebuilt(old, body))


class Count:
    """Counts what each dialect is asked in a ``with`` block: (operation, first part of the key)."""

    def __init__(self, strict: StrictCloud) -> None:
        self.strict = strict

    def __enter__(self) -> "dict[str, Counter[tuple[str, str]]]":
        self.start = len(self.strict.requests)
        self.asked: dict[str, Counter[tuple[str, str]]] = {d: Counter() for d in DIALECTS.values()}
        return self.asked

    def __exit__(self, *_: object) -> None:
        for entry in self.strict.requests[self.start :]:
            self.asked[entry.dialect][entry.operation, entry.key.partition("/")[0]] += 1


@pytest.fixture
def published(strict: StrictCloud, make_folder: MakeFolder, state: Path) -> list[Cloud]:
    """Three clouds with one version, called champion, and open connections."""
    clouds = strict_clouds()
    push(clouds, make_folder({"a": b"1", "b": b"2"}), state=state, aliases=("champion",))
    return clouds


def count_of_each_reference(strict: StrictCloud, cloud: Cloud, last: int) -> dict[str, int]:
    digest = resolve(cloud, parse_reference("penguins:1")).digest
    found = {}
    for reference in HOPS:
        text = reference.format(last=last)
        text = f"penguins@sha256:{digest}" if text == "digest" else text
        with Count(strict) as asked:
            resolve(cloud, parse_reference(text))
        found[reference] = asked[DIALECTS[cloud.name]].total()
    return found


@pytest.mark.parametrize("name", NAMES)
def test_resolving_costs_the_same_with_10_and_with_10000_versions(
    strict: StrictCloud, published: list[Cloud], name: str
) -> None:
    cloud = published[NAMES.index(name)]
    counts = []
    for last in (FEW, MANY):
        add_versions(strict, DIALECTS[name], last)
        counts.append(count_of_each_reference(strict, cloud, last))
    assert counts == [HOPS, HOPS]


@pytest.mark.parametrize("change", ["nothing", "metrics"])
def test_a_push_of_the_same_files_uploads_no_blob(
    strict: StrictCloud, published: list[Cloud], make_folder: MakeFolder, state: Path, change: str
) -> None:
    facts = Facts(metrics={"accuracy": 0.5} if change == "metrics" else None)
    root = make_folder({"a": b"1", "b": b"2"})
    with Count(strict) as asked:
        done = push(published, root, state=state, facts=facts, aliases=("champion",))
    assert (done.version, done.created) == ((1, False) if change == "nothing" else (2, True))
    for dialect, counted in asked.items():
        assert counted[PUT_OF[dialect], "txn"] == 1  # else nothing was counted
        assert counted[PUT_OF[dialect], "blobs"] == 0
    assert all((sent.sent, sent.reused) == (0, 2) for sent in done.sent.values())


def test_a_push_costs_a_constant_and_one_request_for_each_new_blob(
    strict: StrictCloud, published: list[Cloud], make_folder: MakeFolder, state: Path
) -> None:
    rest: dict[str, list[int]] = {dialect: [] for dialect in DIALECTS.values()}
    number = 0
    # Files that stay cost a look each, so no version has any of the one before.
    for count in (1, 5, 50):
        files = {f"{count}-{n}": b"%d of %d" % (n, count) for n in range(count)}
        with Count(strict) as asked:
            number = push(published, make_folder(files), state=state).version
        for dialect, counted in asked.items():
            blobs = sum(times for (_, kind), times in counted.items() if kind == "blobs")
            assert blobs == counted[PUT_OF[dialect], "blobs"] == count
            rest[dialect].append(counted.total() - count)
    assert number == 4
    assert all(len(set(values)) == 1 for values in rest.values()), rest
    assert rest["s3"][0] <= HOME_COST
    assert rest["gcs"][0] == rest["azure"][0] <= COST


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("command", ["list", "show"])
def test_list_and_show_do_not_grow_with_the_versions(
    strict: StrictCloud,
    published: list[Cloud],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    name: str,
) -> None:
    """A listing has pages; beside these nothing is asked for more often."""
    world = World(tmp_path, monkeypatch)
    world.setenv(strict_environment(strict))
    dialect = DIALECTS[name]
    limit = ["--limit", "5"] if command == "list" else []
    costs, pages = [], []
    for last in (FEW, MANY):
        add_versions(strict, dialect, last)
        with Count(strict) as asked:
            shown = world.invoke(command, "penguins", *limit, "--clouds", name, "-o", "json").ok()
        assert len(shown.json) == 5 if command == "list" else shown.json["version"] == 1
        listings = sum(n for (_, kind), n in asked[dialect].items() if kind == "")
        pages.append(listings)
        costs.append(asked[dialect].total() - listings)
    assert costs[0] == costs[1]
    assert pages[1] - pages[0] < PAGES[dialect]
    if command == "show":
        assert pages[0] == pages[1]
