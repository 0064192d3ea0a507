import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.deployer.registry.cli_kit import World

ENDPOINTS = """
[router]
model = "penguins"
{more}
[router.endpoints.aws]
url = "http://127.0.0.1:9"
[router.endpoints.gcp]
url = "http://127.0.0.1:19"
priority = 1
"""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)


def configured(world: World, more: str = "") -> World:
    (world.work / "deployer.toml").write_text(ENDPOINTS.format(more=more), "utf-8")
    return world


@pytest.mark.parametrize("command", [("render",), ("check",), ("run",)])
def test_without_settings_each_command_says_what_is_missing(
    command: tuple[str, ...], world: World
) -> None:
    assert "[router] model" in world.invoke("router", *command).failed(2)


def test_render_without_asking_writes_what_each_proxy_takes(world: World) -> None:
    configured(world)
    envoy = world.invoke("router", "render", "--no-check", "-q").ok()
    assert envoy.json["static_resources"]["clusters"]
    haproxy = world.invoke("router", "render", "--proxy", "haproxy", "--no-check").ok()
    assert "server aws 127.0.0.1:9 check" in haproxy.out
    world.invoke("router", "render", "--proxy", "haproxy", "--no-check", "--out", "h.cfg").ok()
    assert (world.work / "h.cfg").read_text("utf-8") == haproxy.out
    world.invoke("router", "render", "--no-check", "--out", "envoy/").ok()
    written = {each.name for each in (world.work / "envoy").iterdir()}
    assert written == {"bootstrap.json", "cds.json", "lds.json", "rds.json"}
    assert str(world.work / "envoy") in (world.work / "envoy/bootstrap.json").read_text("utf-8")


def test_dns_records_need_a_provider_and_only_they_do(world: World) -> None:
    configured(world)
    assert "--provider" in world.invoke("router", "render", "--proxy", "dns").failed(2)
    assert "--provider" in world.invoke("router", "render", "--provider", "route53").failed(2)


def test_what_cannot_be_rendered_is_one_line(world: World) -> None:
    configured(world)
    records = ("router", "render", "--proxy", "dns", "--provider", "route53", "--no-check")
    told = world.invoke(*records).failed(2)
    assert told.startswith("error: [router]: the router has no DNS name to make records for")
    assert "Traceback" not in told


def test_an_error_of_the_lint_stops_render_and_writes_nothing(world: World) -> None:
    configured(world, "per_try = 9.0\ntimeout = 5.0")
    ended = world.invoke("router", "render", "--no-check", "--out", "envoy.json")
    ended.failed(5)
    assert not (world.work / "envoy.json").exists()


def test_endpoints_that_are_away_are_left_out_of_what_is_rendered(world: World) -> None:
    ended = configured(world).invoke("router", "render")
    assert "no endpoint" in ended.failed(5)
    assert "aws is left out" in ended.err


def test_check_tells_that_an_endpoint_cannot_be_reached(world: World) -> None:
    ended = configured(world).invoke("router", "check", "-o", "json")
    assert ended.code == 4, ended.err
    found = json.loads(ended.out)
    assert [each["ready"] for each in found["endpoints"]] == [False, False]
    assert all(each["reason"] for each in found["endpoints"])


@contextmanager
def written(path: Path, text: str) -> Iterator[str]:
    path.write_text(text, "utf-8")
    yield str(path)


def test_check_lints_any_configuration(world: World) -> None:
    with written(world.work / "h.cfg", "backend b\n    server a 10.0.0.1:80\n") as path:
        ended = world.invoke("router", "check", "--config", path, "-o", "json")
        assert ended.code == 5
        assert any(each["severity"] == "error" for each in ended.json)
    with written(world.work / "e.json", "{}") as path:
        world.invoke("router", "check", "--config", path, "-o", "json")
    assert "no such" in world.invoke("router", "check", "--config", "nowhere.cfg").err.lower()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("penguins@champion", "--to", "2", "--steps", "5,25"), "do not rise"),
        (("penguins", "--to", "2"), "names no alias"),
        (("penguins@canary", "--to", "2"), "names no alias"),
        (("penguins@champion", "--to", "2"), "--yes"),
        (("penguins@champion", "--to", "2", "--yes"), "no router runs"),
    ],
)
def test_a_rollout_that_cannot_begin_says_why(
    arguments: tuple[str, ...], said: str, world: World
) -> None:
    world.local_clouds("aws")
    ended = world.invoke("rollout", *arguments)
    assert ended.code in {1, 2}
    assert said in ended.err.splitlines()[-1]


def test_latencies_and_steps_are_understood_or_refused(world: World) -> None:
    for wrong in (("--max-p99", "50"), ("--max-p99", "0ms"), ("--steps", "a,b")):
        ended = world.invoke("rollout", "penguins@champion", "--to", "2", *wrong)
        assert ended.misused()
