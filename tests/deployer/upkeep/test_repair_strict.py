"""On the strict fake: every object damaged in turn, a cloud wiped, a cloud that was away, SIGKILL."""

import os
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.drills.estate.warm import Host, Job
from deployer.errors import DeployerError, ExitCode
from deployer.registry.cloud import Cloud
from deployer.registry.format import layout
from deployer.registry.format.keys import Kind
from deployer.registry.format.names import Reference
from deployer.registry.reading.pull import pull
from providers.errors import StoreError
from tests.deployer.registry.dropping_proxy import Guillotine
from tests.deployer.registry.registry_kit import (
    BUCKET,
    DIALECTS,
    NAMES,
    audit,
    folder_of,
    push,
    read_tree,
    sha256,
    strict_clouds,
    strict_environment,
    without_marker,
)
from tests.deployer.upkeep.upkeep_kit import (
    CASES,
    DAMAGES,
    MARKER,
    problems,
    publish_some,
    repaired,
    strike_strict,
    verified,
)
from tests.fakes import StrictCloud
from tests.fakes.connection import DroppedError
from tests.fakes.wire import Request

MODELS = ("penguins", "whales")
STRAYS = ("txn/", "deployer-probe/")


@pytest.fixture
def whole(strict: StrictCloud, tmp_path: Path) -> Iterator[list[Cloud]]:
    clouds = strict_clouds()
    publish_some(clouds, tmp_path / "models", tmp_path / "state")
    yield clouds
    for cloud in clouds:
        cloud.store.close()


def views(strict: StrictCloud) -> list[dict[str, bytes]]:
    """Return what each cloud holds, but for its own record and what acts that were cut short left."""
    every = [without_marker(strict.objects(dialect, BUCKET)) for dialect in DIALECTS.values()]
    return [{k: v for k, v in each.items() if not k.startswith(STRAYS)} for each in every]


def pull_all(clouds: list[Cloud], damaged: str, folder: Path) -> None:
    """Fetch the newest versions: right bytes or none, and from the damaged cloud only right ones."""
    for model in MODELS:
        for number, sources in enumerate((clouds, [c for c in clouds if c.name == damaged])):
            target = folder / f"{model}{number}"
            expected = read_tree(folder / "models" / f"{model}3")
            try:
                pull(
                    sources,
                    Reference(model, alias="champion"),
                    target,
                    progress=lambda _: None,
                    begin=lambda _: None,
                )
            except (StoreError, DeployerError):
                assert number == 1, "no cloud served it, though two are whole"
            else:
                assert read_tree(target) == expected
            shutil.rmtree(target, ignore_errors=True)


def damage_in_turn(
    strict: StrictCloud, clouds: list[Cloud], folder: Path, name: str, keys: list[str]
) -> int:
    before = views(strict)
    cases = 0
    for key in keys:
        for damage, metadata in CASES:
            cases += 1
            what = f"{damage} {key} on {name}, metadata {'kept' if metadata else 'lost'}"
            strike_strict(strict, name, key, DAMAGES[damage], metadata=metadata)
            assert {(each[0], each[1]) for each in problems(verified(clouds))} >= {(name, key)}, (
                what
            )
            pull_all(clouds, name, folder)
            assert repaired(clouds, folder / "state").code == 0, what
            assert views(strict) == before, what
    assert problems(verified(clouds)) == set()
    return cases


@pytest.mark.parametrize("name", NAMES)
def test_an_object_of_each_kind(
    strict: StrictCloud, whole: list[Cloud], tmp_path: Path, name: str
) -> None:
    manifest = next(key for key in strict.objects("s3", BUCKET) if key.startswith("manifests/"))
    keys = {
        "aws": [layout.blob(sha256(b"whales 3")), layout.version("whales", 3)],
        "gcp": [manifest, layout.alias("whales", "champion")],
        "azure": [layout.alias_log("whales", "latest", 2), MARKER],
    }
    assert damage_in_turn(strict, whole, tmp_path, name, keys[name]) == 10


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", NAMES)
def test_every_object(strict: StrictCloud, whole: list[Cloud], tmp_path: Path, name: str) -> None:
    keys = sorted(strict.objects(DIALECTS[name], BUCKET))
    assert len(keys) == 37
    assert damage_in_turn(strict, whole, tmp_path, name, keys) == 37 * len(CASES)


@pytest.mark.parametrize("name", NAMES)
def test_bits_that_rotted_on_the_disk(
    strict: StrictCloud, whole: list[Cloud], tmp_path: Path, name: str
) -> None:
    """The cloud itself believes that nothing has changed: ETag, checksums and time are the old ones."""
    before = views(strict)
    for key, body in strict.objects(DIALECTS[name], BUCKET).items():
        if key != MARKER:
            strict.tamper(DIALECTS[name], BUCKET, key, body[:-1] + b"?", bit_rot=True)
    found = {each[1] for each in problems(verified(whole)) if each[2] == "damaged"}
    assert found == before[0].keys()
    assert repaired(whole, tmp_path / "state").code == 0
    assert views(strict) == before


class TestWipedAndAway:
    """How many versions there are decides how many requests it takes, and nothing else does."""

    def wipe_and_repair(self, folder: Path, versions: int) -> Counter[str]:
        """Return how many requests of each dialect a repair took."""
        with pytest.MonkeyPatch.context() as patch, StrictCloud() as strict:
            for dialect in DIALECTS.values():
                strict.create_bucket(dialect, BUCKET)
            for variable, value in strict_environment(strict).items():
                patch.setenv(variable, value)
            clouds = strict_clouds()
            for number in range(versions):
                files = {f"f{n}": f"{number} {n}".encode() for n in range(10)}
                root = folder_of(folder / f"{versions}" / f"{number}", files)
                push(clouds, root, state=folder / "state")
            before = views(strict)
            state = strict.dialect("gcs").state
            with state.lock:
                state.buckets.clear()
            strict.create_bucket("gcs", BUCKET)
            strict.requests.clear()
            done = repaired(clouds, folder / "state")
            assert done.code == 0
            assert done.brought["gcp"].counts[Kind.BLOB] == versions * 10
            counts = Counter(entry.dialect for entry in strict.requests)
            assert views(strict) == before
            assert all(audit(each) == {"penguins": list(range(1, versions + 1))} for each in before)
            for cloud in clouds:
                cloud.store.close()
        return counts

    def test_requests_grow_with_the_versions(self, tmp_path: Path) -> None:
        small, large = (self.wipe_and_repair(tmp_path, count) for count in (8, 16))
        for dialect in DIALECTS.values():
            assert large[dialect] / small[dialect] < 2.2

    @pytest.mark.slow
    @pytest.mark.timeout(3600)
    def test_a_thousand_contents_in_a_hundred_versions(self, tmp_path: Path) -> None:
        small, large = (self.wipe_and_repair(tmp_path, count) for count in (100, 200))
        for dialect in DIALECTS.values():
            assert large[dialect] / small[dialect] < 2.2
        # Each object costs the wiped cloud one write; each new version an intent and a look at
        # what is there; the others, one read of each object, and one more of each content.
        assert small["gcs"] < 1000 + 100 * 12 + 50
        assert max(small["s3"], small["azure"]) < 2 * 1000 + 100 * 8 + 100

    def away(self, strict: StrictCloud, clouds: list[Cloud], folder: Path, publishes: int) -> None:
        push(clouds, folder_of(folder / "first", {"f": b"first"}), state=folder / "state")
        down = [True]

        def refuse(request: Request) -> None:
            if down and request.dialect == "azure":
                raise DroppedError

        strict.on_request(refuse)
        for number in range(publishes):
            files = {"f": f"{number}".encode(), "g": b"same"}
            root = folder_of(folder / f"{number}", files)
            done = push(clouds, root, state=folder / "state", require=2, aliases=("champion",))
            assert list(done.behind) == ["azure"]
        down.clear()
        found = verified(clouds)
        assert {each[0] for each in problems(found)} == {"azure"}
        assert found.code == ExitCode.PARTIAL
        assert repaired(clouds, folder / "state").code == 0
        each = views(strict)
        assert each[0] == each[1] == each[2]
        assert audit(each[2]) == {"penguins": list(range(1, publishes + 2))}
        assert problems(verified(clouds)) == set()

    def test_one_repair_brings_a_cloud_back(self, strict: StrictCloud, tmp_path: Path) -> None:
        self.away(strict, strict_clouds(), tmp_path, 10)

    @pytest.mark.slow
    @pytest.mark.timeout(3600)
    def test_after_a_hundred_publishes(self, strict: StrictCloud, tmp_path: Path) -> None:
        self.away(strict, strict_clouds(), tmp_path, 100)


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with Host() as made:
        yield made


class TestKilled:
    """At any request: nobody is led to what is not there, and the next run finishes."""

    COMMAND = ("repair", "--clouds", "aws,gcp,azure", "-o", "json")

    @pytest.fixture(autouse=True)
    def scene(
        self, strict: StrictCloud, whole: list[Cloud], tmp_path: Path, host: Host
    ) -> Iterator[None]:
        self.strict, self.host, self.folder = strict, host, tmp_path / "run"
        self.before = views(strict)
        self.environment = strict_environment(strict) | {
            "XDG_STATE_HOME": str(tmp_path / "xdg"),
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
        }
        self.wrong: list[str] = []
        strict.on_response(lambda *_: self.look())
        yield
        assert self.wrong == []

    def look(self) -> None:
        try:
            audit(self.strict.objects("azure", BUCKET))
        except (AssertionError, KeyError) as error:
            self.wrong.append(repr(error))

    def wipe(self) -> None:
        state = self.strict.dialect("azure").state
        with state.lock:
            state.buckets.clear()
            state.create_bucket(BUCKET)

    def repair(self) -> Job:
        return self.host.start(self.COMMAND, self.environment, self.folder)

    def finish(self) -> None:
        job = self.repair()
        assert job.wait() == 0, job.stderr
        assert views(self.strict) == self.before

    def crash(self, nth: int, *, carried_out: bool) -> None:
        self.wipe()
        blade = Guillotine([self.strict], nth, carried_out=carried_out)
        job = self.repair()
        assert blade.reached.wait(60), f"request {nth} never came"
        os.kill(job.pid, signal.SIGKILL)
        assert job.wait() == -signal.SIGKILL
        blade.go.set()
        self.finish()

    def total(self) -> int:
        for _ in range(2):  # the first run also probes the stores, and remembers that it did
            self.wipe()
            self.strict.requests.clear()
            self.finish()
        return len(self.strict.requests)

    def sweep(self, step: int) -> int:
        crashes = 0
        for nth in range(step, self.total() - 10, step):
            self.crash(nth, carried_out=bool(crashes % 2))
            crashes += 1
        return crashes

    def test_at_some_requests(self) -> None:
        assert self.sweep(43) >= 3

    @pytest.mark.slow
    @pytest.mark.timeout(3600)
    def test_at_many_requests(self) -> None:
        assert self.sweep(5) >= 30
