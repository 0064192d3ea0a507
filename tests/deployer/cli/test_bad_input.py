"""Whatever goes wrong, the user gets one line, the documented exit code, and nothing is left behind."""

import json
import os
import socket
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from deployer.emulators import Server, start
from deployer.errors import DeployerError
from tests.deployer.registry.cli_kit import World
from tests.deployer.registry.registry_kit import (
    BUCKET,
    DIALECTS,
    NAMES,
    audit,
    contents,
    local_clouds,
    strict_cloud,
    strict_environment,
)
from tests.fakes import StrictCloud
from tests.fakes.azure_auth import ACCOUNT_KEY

PATIENCE = 20.0
COMMANDS = [
    ["push", "model", "penguins"],
    ["pull", "penguins", "out"],
    ["list"],
    ["list", "penguins"],
    ["show", "penguins"],
    ["alias", "set", "penguins", "prod", "1"],
]
each_command = pytest.mark.parametrize("command", COMMANDS, ids=" ".join)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(tmp_path, monkeypatch)
    made.model({"a": b"1"})
    return made


@pytest.fixture
def strict(world: World) -> Iterator[StrictCloud]:
    with strict_cloud() as cloud:
        world.setenv(strict_environment(cloud))
        yield cloud


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """An emulator; started before a world hides the home in which its tools are."""
    try:
        made = start(request.param)
    except DeployerError as error:
        if os.environ.get("DEPLOYER_TEST_REQUIRE"):
            raise
        pytest.skip(f"{request.param} cannot be started: {error}")
    yield made
    made.stop()


def nothing_left_behind(world: World) -> None:
    left = [
        name for name in world.everything() if name.startswith(("state/", "work/out", "cache/"))
    ]
    kept = ("/probes/", "audit.jsonl")  # what was tried is told by the audit log
    assert [name for name in left if not any(part in name for part in kept)] == []


class TestConfiguration:
    @each_command
    def test_none(self, world: World, command: Sequence[str]) -> None:
        assert "deployer.toml" in world.invoke(*command).failed(2)
        nothing_left_behind(world)

    @each_command
    def test_an_unknown_cloud(self, world: World, command: Sequence[str]) -> None:
        world.local_clouds()
        error = world.invoke(*command, "--clouds", "aws,oracle").failed(2)
        assert "'oracle'" in error
        assert "aws, gcp, azure" in error
        nothing_left_behind(world)

    @pytest.mark.parametrize("clouds", ["aws,aws", "aws,,gcp", ",", "AWS"])
    def test_a_bad_list_of_clouds(self, world: World, clouds: str) -> None:
        world.local_clouds()
        world.invoke("list", "--clouds", clouds).failed(2)

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "bucket",
            "s3:bucket",
            "s3://",
            "s3:///prefix",
            "gs://",
            "az://account",
            "az://account/",
            "ftp://host/x",
            "https://bucket.s3.amazonaws.com",
            "file://host/path",
            "file:relative",
            "s3://bucket/../other",
            "s3://bucket//x",
        ],
    )
    def test_an_address_that_is_none(self, world: World, url: str) -> None:
        world.settings(f'[clouds.one]\nurl = "{url}"\n')
        world.setenv({"AWS_REGION": "us-east-1"})
        world.invoke("push", "model", "penguins").failed(2)
        nothing_left_behind(world)

    def test_no_emulator_is_up(self, world: World) -> None:
        assert "emulators up" in world.invoke("list", "--emulators").failed(6)

    def test_an_azure_account_without_its_key(self, world: World, strict: StrictCloud) -> None:
        world.setenv({"DEPLOYER_CLOUDS_AZURE_URL": f"az://someoneelse/{BUCKET}"})
        world.invoke("list", "--clouds", "azure").failed(2)


def make_bad_folder(path: Path, case: str) -> None:
    match case:
        case "missing":
            return
        case "a file":
            path.write_bytes(b"x")
        case "a link to nowhere":
            path.symlink_to("nowhere")
        case _:
            path.mkdir()
    match case:
        case "only folders":
            (path / "a" / "b").mkdir(parents=True)
        case "a link inside":
            (path / "x").symlink_to("/etc")
        case "a pipe inside":
            os.mkfifo(path / "x")
        case "a device's name":
            (path / "nul").touch()
        case "names that collide":
            (path / "A").touch()
            (path / "a").touch()


class TestModelFolder:
    @pytest.mark.parametrize(
        ("case", "code"),
        [
            ("missing", 6),
            ("a file", 2),
            ("empty", 2),
            ("only folders", 2),
            ("a link to nowhere", 6),
            ("a link inside", 2),
            ("a pipe inside", 2),
            ("a device's name", 2),
            ("names that collide", 2),
        ],
    )
    def test_push(self, world: World, case: str, code: int) -> None:
        world.local_clouds()
        make_bad_folder(world.work / "bad", case)
        assert "bad" in world.invoke("push", "bad", "penguins").failed(code)
        assert [contents(cloud) for cloud in local_clouds(world.folder / "stores")] == [{}] * 3
        nothing_left_behind(world)

    def test_names_that_are_not_utf8(self, world: World) -> None:
        world.local_clouds()
        folder = os.fsencode(world.work / "bad")
        os.mkdir(folder)  # noqa: PTH102 - bytes
        with open(folder + b"/caf\xe9", "wb"):  # noqa: PTH123
            pass
        for extra in ([], ["-o", "json"]):
            ran = world.run("push", "bad", "penguins", *extra, PYTHONIOENCODING="utf-8")
            assert ran.code == 2
            assert "Traceback" not in ran.err

    def test_a_folder_whose_name_is_not_utf8(self, world: World) -> None:
        """The terminal may not be able to show it, and a JSON document must still be one."""
        world.local_clouds()
        world.model({"a": b"1"}, name="m\udcff")
        world.run("push", "m\udcff", "penguins", PYTHONIOENCODING="utf-8").ok()
        ran = world.run("pull", "penguins", "o\udcff", "-o", "json", PYTHONIOENCODING="utf-8")
        assert "Traceback" not in ran.err
        assert ran.ok().json["version"] == 1


class TestLocalFileSystem:
    def test_a_state_folder_that_cannot_be_made(self, world: World) -> None:
        world.local_clouds()
        (world.folder / "in-the-way").write_bytes(b"")
        world.setenv({"XDG_STATE_HOME": str(world.folder / "in-the-way")})
        ran = world.invoke("push", "model", "penguins")
        assert "in-the-way" in ran.failed(ran.code)
        assert ran.code in (1, 2)
        for cloud in local_clouds(world.folder / "stores"):
            assert audit(contents(cloud)) == {}


def refused_port() -> int:
    """Return a port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class TestUnreachable:
    @each_command
    def test_nobody_listens(self, world: World, strict: StrictCloud, command: list[str]) -> None:
        port = refused_port()
        closed = strict.azure_connection_string.replace(
            strict.azure_endpoint, f"http://127.0.0.1:{port}/devstoreaccount1"
        )
        world.setenv(
            {
                "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{port}",
                "STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{port}",
                "AZURE_STORAGE_CONNECTION_STRING": closed,
            }
        )
        begun = time.monotonic()
        error = world.invoke(*command).failed(4)
        assert time.monotonic() - begun < PATIENCE
        assert f"://{BUCKET}" in error or BUCKET in error
        nothing_left_behind(world)
        assert strict.requests == []

    @pytest.mark.parametrize("name", NAMES)
    def test_one_cloud(self, world: World, strict: StrictCloud, name: str) -> None:
        world.invoke("push", "model", "penguins").ok()
        world.model({"a": b"2"})
        endpoint = f"http://127.0.0.1:{refused_port()}"
        if name == "azure":
            endpoint += "/devstoreaccount1"
        world.setenv({f"DEPLOYER_CLOUDS_{name.upper()}_ENDPOINT": endpoint})
        begun = time.monotonic()
        error = world.invoke("push", "model", "penguins").failed(4)
        assert time.monotonic() - begun < PATIENCE
        assert os.environ[f"DEPLOYER_CLOUDS_{name.upper()}_URL"] in error
        for dialect in DIALECTS.values():
            assert audit(strict.objects(dialect, BUCKET)) == {"penguins": [1]}
        world.invoke("pull", "penguins", "out").ok()

    def test_a_server_that_never_answers(self, world: World, strict: StrictCloud) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            world.setenv(
                {
                    "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{silent.getsockname()[1]}",
                    "DEPLOYER_TRANSFER_ATTEMPTS": "2",
                }
            )
            begun = time.monotonic()
            error = world.invoke("list", "--clouds", "aws", "--timeout", "0.5").failed(4)
            assert time.monotonic() - begun < PATIENCE
            assert f"s3://{BUCKET}" in error


class TestCredentials:
    @pytest.mark.parametrize(
        ("name", "variables"),
        [
            ("aws", {"AWS_ACCESS_KEY_ID": "unknown"}),
            ("aws", {"AWS_SECRET_ACCESS_KEY": "wrong"}),
            ("aws", {"AWS_ACCESS_KEY_ID": "denied"}),
            ("aws", {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}),
            ("azure", {"AZURE_STORAGE_CONNECTION_STRING": "wrong key"}),
            ("azure", {"AZURE_STORAGE_CONNECTION_STRING": "denied"}),
            ("gcp", {}),
        ],
        ids=["aws-key", "aws-secret", "aws-denied", "aws-none", "azure-key", "azure-denied", "gcp"],
    )
    def test_rejected(
        self, world: World, strict: StrictCloud, name: str, variables: dict[str, str]
    ) -> None:
        world.invoke("push", "model", "penguins").ok()
        world.model({"a": b"2"})
        connection = variables.get("AZURE_STORAGE_CONNECTION_STRING")
        if connection == "wrong key":
            variables = {"AZURE_STORAGE_CONNECTION_STRING": strict.azure_connection(key="d3Jvbmc=")}
        elif connection == "denied":
            denied = strict.azure_denied_connection_string
            variables = {
                "AZURE_STORAGE_CONNECTION_STRING": denied,
                "DEPLOYER_CLOUDS_AZURE_URL": f"az://denied/{BUCKET}",
            }
        strict.options.gcs_anonymous = name != "gcp"
        world.setenv(variables)
        world.patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(world.folder / "none"))
        world.patch.setenv("AWS_CONFIG_FILE", str(world.folder / "none"))
        error = world.invoke("push", "model", "penguins").failed(3)
        assert os.environ[f"DEPLOYER_CLOUDS_{name.upper()}_URL"] in error
        for secret in ("AccountKey", "d3Jvbmc=", "wrong", ACCOUNT_KEY):
            assert secret not in error
        world.invoke("list", "--clouds", name).failed(3)
        for dialect in DIALECTS.values():
            assert audit(strict.objects(dialect, BUCKET)) == {"penguins": [1]}
        assert not (world.work / "out").exists()


class TestMissingBucket:
    @pytest.mark.parametrize("name", NAMES)
    def test_on_the_strict_fake(self, world: World, strict: StrictCloud, name: str) -> None:
        variable = f"DEPLOYER_CLOUDS_{name.upper()}_URL"
        world.setenv({variable: os.environ[variable].replace(BUCKET, "no-such-bucket")})
        for command in COMMANDS:
            error = world.invoke(*command, "--clouds", name).failed(6)
            assert "no-such-bucket" in error
        world.invoke("push", "model", "penguins").failed(6)
        nothing_left_behind(world)
        for dialect in DIALECTS.values():
            assert strict.objects(dialect, BUCKET) == {}

    @pytest.mark.parametrize(
        ("server", "url"),
        [
            ("moto", "s3://no-such-bucket"),
            ("fake-gcs", "gs://no-such-bucket"),
            ("azurite", "az://devstoreaccount1/no-such-bucket"),
        ],
        indirect=["server"],
    )
    def test_on_an_emulator(self, server: Server, world: World, url: str) -> None:
        world.setenv(server.environment() | {"DEPLOYER_CLOUDS_ONE_URL": url})
        for command in COMMANDS:
            assert "no-such-bucket" in world.invoke(*command).failed(6)
        nothing_left_behind(world)


class TestErrorsAsJson:
    @each_command
    def test_stderr_is_one_document(self, world: World, command: list[str]) -> None:
        ran = world.invoke(*command, "-o", "json")
        assert (ran.code, ran.out) == (2, "")
        error = json.loads(ran.err)["error"]
        assert error["exit_code"] == 2
        assert set(error) == {"message", "where", "hint", "exit_code"}

    def test_with_work_begun(self, world: World) -> None:
        world.local_clouds()
        world.store("gcp").rmdir()
        ran = world.invoke("push", "model", "penguins", "-o", "json")
        assert (ran.code, ran.out) == (6, "")
        assert json.loads(ran.err)["error"]["exit_code"] == 6


class TestTracebacks:
    def test_only_when_asked_for(self, world: World) -> None:
        for flags in ([], ["-v"]):
            assert "Traceback" not in world.run("list", *flags).err
        assert "Traceback" in world.run("list", "-vv").err
