"""From the loss of the home to its return, with the commands, on three real emulators."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from deployer.emulators import EngineName, Server, start
from deployer.errors import DeployerError
from deployer.registry.cloud import Cloud
from providers.open import open_store
from tests.deployer.registry.cli_kit import World
from tests.deployer.registry.home_kit import changed, shared
from tests.deployer.registry.registry_kit import audit, contents, sha256

ENGINES: dict[str, tuple[EngineName, str]] = {
    "aws": ("moto", "s3://deployer-models"),
    "gcp": ("fake-gcs", "gs://deployer-models"),
    "azure": ("azurite", "az://devstoreaccount1/deployer-models"),
}
NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def servers() -> Iterator[dict[str, Server]]:
    with ExitStack() as stack:
        made = {}
        for name, (engine, _) in ENGINES.items():
            try:
                made[name] = start(engine)
            except DeployerError as error:
                if os.environ.get("DEPLOYER_TEST_REQUIRE"):
                    raise
                pytest.skip(f"{engine} cannot be started: {error}")
            stack.callback(made[name].stop)
        yield made


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, servers: dict[str, Server]) -> World:
    made = World(tmp_path, monkeypatch)
    for server in servers.values():
        made.setenv(server.environment())
    made.setenv({f"DEPLOYER_CLOUDS_{n.upper()}_URL": url for n, (_, url) in ENGINES.items()})
    made.setenv({"DEPLOYER_TRANSFER_ATTEMPTS": "2", "DEPLOYER_PUSH_REQUIRE": "majority"})
    return made


def held(name: str) -> dict[str, bytes]:
    return contents(Cloud(name, open_store(ENGINES[name][1])))


@pytest.mark.slow
def test_the_home_is_lost_and_comes_back(world: World, servers: dict[str, Server]) -> None:
    def push(body: bytes, code: int, *more: str) -> int:
        model = str(world.model({"weights": body}, f"model-{sha256(body)[:8]}"))
        ran = world.invoke("push", model, "penguins", "-o", "json", *more)
        assert ran.code == code, ran.err
        return int(ran.json["version"])

    assert [push(b"1", 0), push(b"2", 0)] == [1, 2]
    endpoint = os.environ["AWS_ENDPOINT_URL_S3"]
    world.setenv({"AWS_ENDPOINT_URL_S3": NOBODY})
    model = str(world.model({"weights": b"3"}, "three"))
    error = world.invoke("push", model, "penguins").failed(4)
    assert "deployer home promote" in error
    assert world.invoke("home", "promote", "gcp", "--yes", "-o", "json").ok().json["epoch"] == 2
    assert [push(b"3", 10), push(b"4", 10)] == [3, 4]

    world.setenv({"AWS_ENDPOINT_URL_S3": endpoint, "XDG_STATE_HOME": str(world.folder / "other")})
    assert push(b"old 3", 0, "--clouds", "aws") == 3
    world.setenv({"XDG_STATE_HOME": str(world.folder / "state")})
    before = {name: held(name) for name in ENGINES}
    world.invoke("push", model, "penguins", "--clouds", "aws").failed(1)
    roles = {row["cloud"]: row["role"] for row in world.invoke("home", "show", "-o", "json").json}
    assert roles == {"aws": "fenced", "gcp": "home", "azure": "follower"}
    assert push(b"5", 10) == 5
    assert held("aws") == before["aws"]

    done = world.invoke("home", "reconcile", "aws", "--yes", "-o", "json").ok().json
    assert [each["published_as"] for each in done["divergent"]] == [6, None]
    after = {name: held(name) for name in ENGINES}
    for name in ("gcp", "azure"):
        assert changed(before[name], after[name]) <= {"models/penguins/aliases/latest.json"}
    views = [shared(objects) for objects in after.values()]
    assert views[0] == views[1] == views[2]
    assert audit(views[0]) == {"penguins": [1, 2, 3, 4, 5, 6]}
    assert push(b"6", 0) == 7
