"""`deployer` itself through the proxy, with the clouds' own SDKs, to the emulators."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import pytest

from deployer.drills.evidence.records import Passed
from deployer.drills.proxy.client import FaultProxy
from deployer.drills.proxy.rules import Match, Rule
from deployer.emulators import EngineName
from tests.providers.harness_servers import Emulators

pytestmark = pytest.mark.slow

ENGINES: Mapping[str, EngineName] = {"aws": "moto", "gcp": "fake-gcs", "azure": "azurite"}
DIALECTS: Mapping[str, str] = {"aws": "s3", "gcp": "gcs", "azure": "azure"}
URLS = {
    "aws": "s3://deployer-models",
    "gcp": "gs://deployer-models",
    "azure": "az://devstoreaccount1/deployer-models",
}
PUSH = ("push", "model", "penguins", "--clouds", "aws,gcp,azure", "-o", "json")
BLOBS = Match(methods=("GET",), target=r"^/[^?]*deployer-models/\w+/blobs/sha256/")
WRITES = Match(methods=("PUT", "POST"))


class Desk:
    """Where commands are given: the clouds are behind the proxy, in a place of their own."""

    def __init__(self, proxy: FaultProxy, emulators: Emulators, folder: Path) -> None:
        self.proxy = proxy
        self.folder = folder
        self.tag = uuid.uuid4().hex[:8]
        self.model = {"a": os.urandom(3_000_000), "b/c": b"22"}
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        self.environment = {**kept, "HOME": str(folder), "XDG_STATE_HOME": str(folder / "state")}
        for cloud, engine in ENGINES.items():
            server = emulators.server(engine)
            url = f"http://127.0.0.1:{server.port}"
            port = proxy.listen(self.name(cloud), url, rename=cloud == "gcp")
            for name, value in server.environment().items():
                self.environment[name] = value.replace(f":{server.port}", f":{port}")
            self.environment[f"DEPLOYER_CLOUDS_{cloud.upper()}_URL"] = f"{URLS[cloud]}/{self.tag}"
        for name, content in self.model.items():
            path = folder / "model" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def name(self, cloud: str) -> str:
        return f"store:{cloud}:{self.tag}"

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        # Each with an empty cache.
        cache = {"XDG_CACHE_HOME": str(self.folder / uuid.uuid4().hex)}
        return subprocess.run(
            [sys.executable, "-m", "deployer", *arguments],
            env=self.environment | cache,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def push(self) -> None:
        done = self.run(*PUSH)
        assert done.returncode == 0, done.stderr

    def pull(self, cloud: str) -> str:
        """Pull the latest version, which must be the model; returns what was said."""
        out = self.folder / uuid.uuid4().hex
        done = self.run("pull", "penguins", str(out), "--from", cloud)
        assert done.returncode == 0, done.stderr
        assert {name: (out / name).read_bytes() for name in self.model} == self.model
        return done.stderr + done.stdout

    def versions(self) -> list[int]:
        listed = self.run("list", "penguins", "-o", "json")
        assert listed.returncode == 0, listed.stderr
        return [line["version"] for line in json.loads(listed.stdout)]


@pytest.fixture(scope="module")
def emulators() -> Iterator[Emulators]:
    with Emulators() as started:
        yield started


@pytest.fixture
def desk(proxy: FaultProxy, emulators: Emulators, tmp_path: Path) -> Iterator[Desk]:
    yield Desk(proxy, emulators, tmp_path)
    proxy.clear()


def test_push_and_pull_go_through(desk: Desk, traffic: Path) -> None:
    desk.push()
    size = len(desk.model["a"])
    for cloud in ENGINES:
        assert desk.proxy.counts(desk.name(cloud)).sent > size
        before = desk.proxy.counts(desk.name(cloud)).received
        assert f"from {cloud}" in desk.pull(cloud)
        assert desk.proxy.counts(desk.name(cloud)).received - before > size
    passed = [msgspec.json.decode(line, type=Passed) for line in traffic.read_bytes().splitlines()]
    assert {each.listener for each in passed} >= {desk.name(cloud) for cloud in ENGINES}
    assert not [each for each in passed if each.rules]


def test_a_third_of_all_refused_in_the_clouds_words(desk: Desk) -> None:
    numbers = [
        desk.proxy.add(desk.name(cloud), Rule("answer", dialect=dialect, share=1 / 3))  # type: ignore[arg-type]  # one of them
        for cloud, dialect in DIALECTS.items()
    ]
    desk.push()
    assert all(desk.proxy.hits(number) > 2 for number in numbers)
    assert all(desk.proxy.counts(desk.name(cloud)).errors > 2 for cloud in ENGINES)
    desk.proxy.clear()
    assert desk.versions() == [1]


def test_lost_answers_make_no_second_version(desk: Desk) -> None:
    numbers = [
        desk.proxy.add(desk.name(cloud), Rule("lose", match=WRITES, share=1 / 3))
        for cloud in ENGINES
    ]
    desk.push()
    assert all(desk.proxy.hits(number) > 1 for number in numbers)
    desk.proxy.clear()
    assert desk.versions() == [1]
    for cloud in ENGINES:
        desk.pull(cloud)


@pytest.mark.parametrize("cloud", ENGINES)
def test_a_flipped_bit_is_never_taken(desk: Desk, cloud: str) -> None:
    desk.push()
    number = desk.proxy.add(desk.name(cloud), Rule("flip", match=BLOBS, bytes=-5))
    done = desk.run("pull", "penguins", "out", "--from", cloud)
    assert done.returncode == 11, done.stderr
    assert not (desk.folder / "out").exists()
    assert desk.proxy.hits(number) > 0


@pytest.mark.parametrize("cloud", ENGINES)
def test_an_answer_that_breaks_off_is_gone_on_with(desk: Desk, cloud: str) -> None:
    desk.push()
    number = desk.proxy.add(desk.name(cloud), Rule("truncate", match=BLOBS, bytes=2_000_000))
    desk.pull(cloud)
    assert desk.proxy.hits(number) > 0


def test_a_server_whose_clock_is_wrong_says_so(desk: Desk) -> None:
    desk.push()
    for cloud, code in (
        ("aws", "RequestTimeTooSkewed"),
        ("azure", "Server failed to authenticate"),
    ):
        rule = Rule("clock", seconds=-960, dialect=DIALECTS[cloud])  # type: ignore[arg-type]  # one of them
        number = desk.proxy.add(desk.name(cloud), rule)
        done = desk.run(
            "pull", "penguins", str(desk.folder / code.split()[0]), "--from", cloud, "-v"
        )
        assert desk.proxy.hits(number) > 0
        assert code in done.stderr or "clock" in done.stderr, done.stderr
