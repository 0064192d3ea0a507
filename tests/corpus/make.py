"""Writes the corpus: a small registry with something of everything, frozen as plain files.

    python -m tests.corpus.make

One folder for each released format, read for ever by test_corpus.py. The bytes depend on nothing
but the code: the clock, the ids and the author are fixed. A folder of a released format is never
written again; a new format gets a new folder.
"""

import json
import shutil
import socket
import tempfile
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from unittest import mock

from deployer.registry.aliasing.aliases import Move, follow, move
from deployer.registry.cloud import Cloud, write_document
from deployer.registry.deleting.delete import delete
from deployer.registry.format import layout
from deployer.registry.format.names import parse_reference
from deployer.registry.format.records import FORMAT, AliasRecord, Marker, encode
from deployer.registry.homes.home import join
from deployer.registry.homes.promotion import promote, survey
from deployer.registry.publishing.publish import Facts, Request, publish
from deployer.registry.publishing.sweeps import server_time, sweeping
from deployer.registry.reading.resolve import resolve
from deployer.upkeep.garbage.collect import Collection, collect
from providers.memory import MemoryDriver
from providers.model import ObjectMeta, PutMode, Version
from providers.store import Store
from tests.corpus.frozen import CORPUS, EXPECTED, read_store
from tests.corpus.independent_reader import document, history, read, sha256
from tests.corpus.independent_reader import resolve as look_up

STORES = ("home", "follower")
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
REGISTRY = "11111111-1111-4111-8111-111111111111"
STORE = {
    "home": "22222222-2222-4222-8222-222222222222",
    "follower": "33333333-3333-4333-8333-333333333333",
}

SHARED = bytes(range(256)) * 4
PENGUINS: Sequence[Mapping[str, bytes]] = (
    {"model.onnx": b"first weights", "notes/größe.txt": "groß".encode(), "shared.bin": SHARED},
    {
        "model.onnx": b"second weights",
        "notes/größe.txt": "groß".encode(),
        "shared.bin": SHARED,
        "data/データ/𝛑.csv": b"a,b\n1,2\n",
        "empty": b"",
    },
    {"model.onnx": b"third weights", "a copy.bin": SHARED, "shared.bin": SHARED, "empty": b""},
)
IRIS: Sequence[Mapping[str, bytes]] = (
    {"x": b"1", "shared.bin": SHARED},
    {"x": b"2", "shared.bin": SHARED},
    {"x": b"3", "shared.bin": SHARED},
    {"x": b"4", "shared.bin": SHARED},
    {"x": b"5", "shared.bin": SHARED, "deep/" * 15 + "leaf": b"at the bottom"},
)
UNFINISHED = {"model.onnx": b"weights that nobody will see", "shared.bin": SHARED}
FACTS = Facts(
    schema={"inputs": [{"name": "bill", "type": "float"}], "outputs": ["Adelie", "Größe"]},
    metrics={"accuracy": 0.1, "loss": 1e-07, "rows": 344, "large": 1e16, "none": None},
    frameworks={"onnx": "1.21.0", "scikit-learn": "1.8.0"},
    data="d" * 64,
    commit="0123456789abcdef0123456789abcdef01234567",
    residency=("eu-central-1", "europe-west3"),
)


# Not in the frozen folder of format 1, which is older.
VERDICT = {
    "passed": True,
    "forced": False,
    "reason": "",
    "rules": [{"name": "accuracy", "required": "at least 0.9", "seen": "1", "passed": True}],
    "more": 0,
    "basis": "data",
    "rows": 86,
    "excluded": None,
    "data": "d" * 64,
    "champion": None,
    "seed": 0,
    "resamples": 1000,
}


class GivenUpError(Exception):
    """Ends an act before its commit, as a crash would."""


class Clock:
    """Stands in for the class ``datetime`` and stands still until it is told to go on."""

    def __init__(self) -> None:
        self.at = START

    def now(self, zone: tzinfo | None = None) -> datetime:
        return self.at.astimezone(zone)


class Silent:
    """A reporter that nobody listens to; may give up when all clouds are staged."""

    def __init__(self, give_up_after: int = 0) -> None:
        self._left = give_up_after
        self._lock = threading.Lock()

    def begin(self, cloud: str, total: int) -> None: ...

    def advance(self, cloud: str, count: int) -> None: ...

    def finish(self, cloud: str, error: str | None) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                raise GivenUpError


@contextmanager
def fixed_world() -> Iterator[Clock]:
    """Fix the time, the author and, where documents are made, the ids."""
    clock = Clock()
    real, numbers = uuid.uuid4, iter(range(1, 10_000))

    def uuid4() -> uuid.UUID:
        # The other threads name probes and calls, which no document holds.
        if threading.current_thread() is not threading.main_thread():
            return real()
        return uuid.UUID(int=next(numbers), version=4)

    with (
        mock.patch("deployer.registry.who.datetime", clock),
        mock.patch("getpass.getuser", return_value="ada"),
        mock.patch.object(socket, "gethostname", return_value="workshop"),
        mock.patch.object(uuid, "uuid4", uuid4),
    ):
        yield clock


class Bucket(MemoryDriver):
    """A store whose versions, as on S3, follow from the bytes: tombstones name them.

    Attributes:
        gives_up_at: a document is not replaced if this is in its key.

    """

    gives_up_at: str | None = None

    def put(
        self, key: str, body: bytes, *, mode: PutMode, metadata: Mapping[str, str]
    ) -> ObjectMeta:
        """Write an object."""
        if isinstance(mode, Version) and self.gives_up_at and self.gives_up_at in key:
            raise GivenUpError
        with self.lock:
            meta = super().put(key, body, mode=mode, metadata=metadata)
            meta = replace(meta, version=Version(sha256(body)))
            self.objects[key] = (body, meta)
            return meta


class Maker:
    """Writes one registry of two stores."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self.clock = clock
        self.epoch = 1
        self.buckets = {name: Bucket(name) for name in STORES}
        self.clouds = [Cloud(name, Store(bucket)) for name, bucket in self.buckets.items()]

    def tick(self) -> None:
        self.clock.at += timedelta(minutes=1)

    def found(self) -> None:
        for cloud in self.clouds:
            marker = Marker(
                format=FORMAT,
                registry=REGISTRY,
                store=STORE[cloud.name],
                home=STORE["home"],
                epoch=1,
                created="2026-01-02T03:04:05Z",
            )
            write_document(cloud, layout.MARKER, encode(marker), mode="create")

    def push(
        self,
        model: str,
        files: Mapping[str, bytes],
        *,
        clouds: int = 2,
        facts: Facts | None = None,
        reporter: Silent | None = None,
    ) -> None:
        self.tick()
        root = Path(tempfile.mkdtemp(dir=self.folder))
        for name, body in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(body)
        request = Request(
            model=model,
            root=root,
            facts=facts or Facts(),
            aliases=(),
            clouds=self.clouds[:clouds],
            home=None,
            require=clouds,
            state=self.folder / "state",
        )
        publish(request, reporter or Silent())

    def point(self, model: str, alias: str, version: int, **more: Any) -> AliasRecord:
        """Move an alias everywhere."""
        self.tick()
        home, *followers = self.clouds
        manifest = resolve(home, parse_reference(f"{model}:{version}")).digest
        wanted = Move(model, alias, version, manifest, self.epoch, str(uuid.uuid4()), **more)
        record = move(home, wanted)
        if not record.removed:
            follow(home, followers, record)
        return record

    def promote(self, name: str) -> None:
        """Make another store the home; `clouds` begins with it from then on."""
        self.tick()
        state = self.folder / "state"
        self.epoch = promote(survey(self.clouds, name, state=state)).epoch
        self.clouds.sort(key=lambda cloud: cloud.name != name)

    def delete(self, model: str, version: int, note: str | None = None) -> None:
        """Take a version back everywhere."""
        self.tick()
        registry = join(self.clouds, home=None, probes=self.folder / "state" / "probes")
        delete(registry, model, version, note=note)

    def collect(self, *names: str) -> None:
        """Mark what is garbage on these stores, and remove what was marked before."""
        self.tick()
        for cloud in self.clouds:
            if cloud.name in names:
                collect(cloud, Collection(grace=timedelta()))

    def take_back(self) -> None:
        """Write all that a deletion and a collection leave, also such as were broken off."""
        home = self.clouds[0]
        self.delete("iris-2.v1_b", 1, note="«größer» was wrong ✗")
        self.collect("home", "follower")
        self.collect("home")
        self.delete("iris-2.v1_b", 4)
        self.collect("home")
        self.buckets[home.name].gives_up_at = "/deleted/"
        with suppress(GivenUpError):
            self.delete("iris-2.v1_b", 3, note="perhaps")
        self.buckets[home.name].gives_up_at = None

    def make(self) -> None:
        """Write everything that the format knows."""
        self.found()
        for files in IRIS:
            self.push("iris-2.v1_b", files)
        self.push("penguins", PENGUINS[0])
        self.push("penguins", PENGUINS[1], facts=FACTS)
        self.point("penguins", "champion", 1)
        self.point("penguins", "champion", 2, note="«größer» is better ✓")
        self.promote("follower")
        self.point("penguins", "champion", 1, note="", expires="9998-12-31T23:59:59Z")
        self.promote("home")
        self.point("penguins", "old", 1)
        self.point("penguins", "old", 1, removed=True, note="nobody used it")
        self.point("iris-2.v1_b", "x", 2)
        self.take_back()
        # The follower is behind from here on: it has neither version 3 nor the next move.
        self.push("penguins", PENGUINS[2], clouds=1, facts=FACTS)
        self.point("penguins", "champion", 3, verdict=VERDICT)
        with suppress(GivenUpError):
            self.push("penguins", UNFINISHED, reporter=Silent(give_up_after=2))
        # Last of all: a publish would wait for its end.
        follower = self.clouds[1]
        with suppress(GivenUpError), sweeping(follower, server_time(follower)):
            raise GivenUpError


VERSIONS = {"iris-2.v1_b": IRIS, "penguins": PENGUINS}
ALIASES = {"iris-2.v1_b": ("latest", "x"), "penguins": ("champion", "latest", "old")}


def expectations(objects: Mapping[str, bytes]) -> dict[str, Any]:
    """Return what a reader must find in a store.

    Files are those that were put in; the reader from the document finds the rest.
    """
    get = objects.__getitem__
    wanted = ["walrus", "penguins@none", "penguins@sha256:" + "0" * 64]
    for model, versions in VERSIONS.items():
        wanted += [model, f"{model}@sha256:{look_up(get, model)[1]}"]
        wanted += [f"{model}@{alias}" for alias in ALIASES[model]]
        wanted += [f"{model}:{number}" for number in range(1, len(versions) + 2)]
    for key, body in sorted(objects.items()):
        if "/deleted/" in key:
            gone = document(body, "deletion")
            wanted.append(f"{gone['model']}@sha256:{gone['manifest']}")
    found: dict[str, Any] = {"missing": [], "references": {}}
    for reference in wanted:
        try:
            version, manifest = look_up(get, reference)
            files = read(get, reference)
        except KeyError:
            found["missing"].append(reference)
            continue
        model = reference.replace("@", ":").split(":")[0]
        assert files in VERSIONS[model][slice(version and version - 1, version)]
        shown = {path: f"{len(body)} {sha256(body)}" for path, body in files.items()}
        found["references"][reference] = {"version": version, "manifest": manifest, "files": shown}
    found["histories"] = {
        f"{model}@{alias}": [told(record) for record in history(get, model, alias)]
        for model, names in ALIASES.items()
        for alias in names
    }
    found["intents"] = [key for key in sorted(objects) if key.startswith("txn/")]
    return found


def told(record: Mapping[str, Any]) -> str:
    """Return one move of an alias as text."""
    where = "nowhere" if record.get("removed") else record["version"]
    return f"{record['seq']}: {where} {record.get('note', '-')}".rstrip()


def write(target: Path) -> None:
    """Write a registry to the folder `target`, which it replaces."""
    with tempfile.TemporaryDirectory() as name, fixed_world() as clock:
        maker = Maker(Path(name), clock)
        maker.make()
        shutil.rmtree(target, ignore_errors=True)
        for store in STORES:
            for key, (body, _) in maker.buckets[store].objects.items():
                path = target / store / key
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(body)
    expected = {store: expectations(read_store(target / store)) for store in STORES}
    text = json.dumps(expected, indent=1, ensure_ascii=False, sort_keys=True)
    (target / EXPECTED).write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    write(CORPUS / f"format-{FORMAT}")
