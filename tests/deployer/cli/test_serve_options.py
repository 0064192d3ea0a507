"""`deployer serve`: what it takes from flags, variables and settings, and what it refuses."""

import socket
from pathlib import Path

import msgspec
import pytest

from deployer.cli.serve_options import effective, ordered, ports_of
from deployer.config import CloudSettings, ServeSettings, Settings
from deployer.errors import UsageError
from tests.deployer.registry.cli_kit import World
from tests.deployer.registry.registry_kit import memory_clouds


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("flag", "environment", "port"),
    [
        (None, {}, 8080),
        (None, {"PORT": "9000"}, 9000),
        (None, {"AIP_HTTP_PORT": "7000"}, 7000),
        (None, {"PORT": "9000", "AIP_HTTP_PORT": "7000"}, 7000),
        (None, {"PORT": ""}, 8080),
        (0, {"PORT": "9000"}, 0),
        (1234, {"PORT": "9000", "AIP_HTTP_PORT": "7000"}, 1234),
    ],
)
def test_the_port(flag: int | None, environment: dict[str, str], port: int) -> None:
    flags = {"port": flag, "workers": None}
    assert effective(ServeSettings(), flags, environment).port == port


@pytest.mark.parametrize(
    ("settings", "flags", "origins", "expected"),
    [
        ({}, {}, {}, (8080, 8081, 9090)),
        ({"port": 0}, {}, {}, (0, 0, 0)),
        ({"port": 0, "grpc_port": 0}, {"grpc_port": 0}, {}, (0, None, 0)),
        ({"port": 0, "admin_port": 0}, {}, {"serve.admin_port": "file"}, (0, 0, None)),
        ({"port": 0, "admin_port": 99}, {}, {"serve.admin_port": "file"}, (0, 0, 99)),
        ({"grpc_port": 0, "admin_port": 0}, {}, {}, (8080, None, None)),
    ],
)
def test_the_other_ports(
    settings: dict[str, int], flags: dict[str, int], origins: dict[str, str], expected: object
) -> None:
    ports = ports_of(msgspec.convert(settings, ServeSettings), flags, origins)
    assert (ports.rest, ports.grpc, ports.admin) == expected


@pytest.mark.parametrize("port", ["x", "-1", "80 80", "99999", "1" * 50])
def test_a_port_that_is_none(port: str) -> None:
    with pytest.raises(UsageError):
        effective(ServeSettings(), {}, {"PORT": port})


def test_flags_go_before_settings() -> None:
    flags = {"workers": 3, "auth": "none", "platform": None, "poll": 0.5}
    chosen = effective(ServeSettings(workers=2, platform="vertex", max_rows=7), flags, {})
    assert (chosen.workers, chosen.auth, chosen.platform) == (3, "none", "vertex")
    assert (chosen.poll, chosen.max_rows) == (0.5, 7)


def test_values_that_do_not_fit_together() -> None:
    with pytest.raises(UsageError, match="oidc_issuer"):
        effective(ServeSettings(), {"auth": "oidc"}, {})


def test_the_nearest_cloud_is_asked_first() -> None:
    clouds = memory_clouds()
    regions = {"aws": "us-east-1", "gcp": None, "azure": "westeurope"}
    settings = Settings(
        region="westeurope",
        clouds={n: CloudSettings(url=f"memory://{n}", region=r) for n, r in regions.items()},
    )
    assert [cloud.name for cloud in ordered(clouds, settings, "gcp")] == ["gcp", "aws", "azure"]
    assert [cloud.name for cloud in ordered(clouds, settings, None)] == ["azure", "aws", "gcp"]
    nowhere = Settings(clouds=settings.clouds)
    assert [cloud.name for cloud in ordered(clouds, nowhere, None)] == ["aws", "gcp", "azure"]
    with pytest.raises(UsageError, match="'mars'"):
        ordered(clouds, settings, "mars")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["penguins@"], 2, "bad reference"),
        (["../penguins"], 6, "model.json"),
        (["penguins@champion"], 2, "no cloud is configured"),
        (["x/", "x/"], 2, "two models are called 'x'"),
        (["x/", "--host", "192.0.2.1"], 2, "not an address of this machine"),
        (["x/", "--host", "no.such.host.invalid"], 2, "no such address"),
    ],
)
def test_what_it_refuses(world: World, arguments: list[str], code: int, said: str) -> None:
    (world.work / "x").mkdir()
    assert said in world.run("serve", *arguments, "--auth", "none").failed(code)


@pytest.mark.parametrize("other", ["grpc-port", "admin-port"])
def test_a_port_that_is_taken(world: World, other: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        error = world.run("serve", "x/", "--port", "0", f"--{other}", port).failed(2)
        assert f"127.0.0.1:{port}: another program listens there" in error
        assert f"--{other}" in error


def test_help_shows_every_flag(world: World) -> None:
    shown = world.invoke("serve", "--help").ok().out
    for flag in ("--cloud", "--host", "--port", "--grpc-port", "--admin-port", "--workers",
                 "--auth", "--platform", "--emulators", "--clouds", "-o"):  # fmt: skip
        assert flag in shown
