"""The doctor: every ailment has its line, its advice and its exit code, and nothing can hold it up."""

import json
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from deployer.errors import ExitCode
from deployer.upkeep.doctor.findings import Finding, Grade, Report, worst
from deployer.upkeep.doctor.judgements import on_clock, on_credentials, on_region, on_undo
from providers.diagnosis import Bucket, Credentials
from tests.deployer.registry.cli_kit import Ran, World
from tests.deployer.registry.conftest import botocore_parses_its_files_once
from tests.deployer.registry.registry_kit import NAMES, strict_cloud, strict_environment
from tests.fakes import Fault, StrictCloud
from tests.fakes.azure_auth import ACCOUNT_KEY
from tests.fakes.faults import stall
from tests.fakes.wire import Request, Response

__all__ = ["botocore_parses_its_files_once"]

AT = datetime(2026, 11, 22, 15, 10, 28, tzinfo=UTC)
OTHER_KEY = "b3RoZXIga2V5"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)


@pytest.fixture
def strict(world: World) -> Iterator[StrictCloud]:
    with strict_cloud() as cloud:
        world.setenv(strict_environment(cloud))
        yield cloud


Checks = dict[str, dict[str, dict[str, Any]]]


def checks(ran: Ran) -> Checks:
    """Return cloud → check → what was found."""
    return {each["cloud"]: {c["check"]: c for c in each["checks"]} for each in json.loads(ran.out)}


def examined(world: World, *words: str, code: int = 0) -> Checks:
    ran = world.invoke("doctor", "-o", "json", *words)
    assert ran.code == code, (ran.code, ran.out, ran.err)
    found = checks(ran)
    for cloud in found.values():
        for check in cloud.values():
            assert (check["grade"] == "bad") == (check["exit_code"] != 0)
            assert check["hint"] or check["grade"] != "bad", "bad without advice"
    return found


def bad(found: Checks) -> dict[str, list[str]]:
    """Return cloud → the checks that failed, of clouds that have any."""
    failing = {
        cloud: [name for name, check in each.items() if check["grade"] == "bad"]
        for cloud, each in found.items()
    }
    return {cloud: names for cloud, names in failing.items() if names}


def test_all_is_well(world: World, strict: StrictCloud) -> None:
    found = examined(world)
    assert list(found) == list(NAMES)
    assert bad(found) == {}
    for cloud in found.values():
        assert {"credentials", "reach", "clock", "access", "latency", "writes"} <= cloud.keys()
        assert 0 < cloud["latency"]["median_ms"] <= cloud["latency"]["worst_ms"]
        assert cloud["writes"]["refuses_wrong_checksums"]
        assert abs(cloud["clock"]["server_ahead_seconds"]) < 60
    assert found["aws"]["region"]["region"] == "us-east-1"
    assert found["gcp"]["region"]["region"] == "US"
    assert found["aws"]["credentials"]["source"] == "env"
    assert "storage account devstoreaccount1" in found["azure"]["credentials"]["said"]
    assert all(strict.objects(d, "models") == {} for d in ("s3", "gcs", "azure")), "a probe is left"


def test_a_table(world: World, strict: StrictCloud) -> None:
    ran = world.invoke("doctor")
    assert ran.code == 0
    assert "agrees within" in ran.out
    assert "nothing to be put right" in ran.err
    strict.dialect("s3").state.buckets.clear()
    ran = world.invoke("doctor")
    assert ran.code == 6
    assert "✗" in ran.out
    assert "→ create the bucket" in ran.out
    assert "1 to be put right" in ran.err


def test_no_secret_is_shown(world: World, strict: StrictCloud) -> None:
    world.setenv(
        {
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI",
            "AWS_SESSION_TOKEN": "FwoGZXIvYXdz",
        }
    )
    for words in (["-vv"], ["-o", "json"]):
        ran = world.invoke("doctor", *words)
        assert ran.code == 3
        for secret in ("wJalrXUtnFEMI", "FwoGZXIvYXdz", ACCOUNT_KEY, "AKIAIOSFODNN7"):
            assert secret not in ran.out + ran.err
        assert "…MPLE" in ran.out


class TestReadOnly:
    def test_nothing_is_written(self, world: World, strict: StrictCloud) -> None:
        found = examined(world, "--read-only")
        assert strict.requests
        assert {cloud["writes"]["grade"] for cloud in found.values()} == {"skipped"}
        written = ("Put", "Delete", "insert", "delete")
        assert not [r.operation for r in strict.requests if any(w in r.operation for w in written)]

    def test_otherwise_conditions_are_tried(self, world: World, strict: StrictCloud) -> None:
        examined(world)
        assert {"PutObject", "objects.insert", "PutBlob"} <= {r.operation for r in strict.requests}


WRONG: dict[str, tuple[str, Callable[[StrictCloud], dict[str, str]]]] = {
    "unknown key": ("aws", lambda _: {"AWS_ACCESS_KEY_ID": "unknown"}),
    "wrong secret": ("aws", lambda _: {"AWS_SECRET_ACCESS_KEY": "wrong"}),
    "may do nothing": ("aws", lambda _: {"AWS_ACCESS_KEY_ID": "denied"}),
    "no such profile": ("aws", lambda _: {"AWS_PROFILE": "nobody"}),
    "wrong account key": (
        "azure",
        lambda cloud: {"AZURE_STORAGE_CONNECTION_STRING": cloud.azure_connection(key=OTHER_KEY)},
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_credentials(world: World, strict: StrictCloud, name: str) -> None:
    cloud, variables = WRONG[name]
    world.setenv(variables(strict))
    found = examined(world, code=3)
    assert list(bad(found)) == [cloud]
    failing = bad(found)[cloud]
    assert failing in (["access"], ["credentials", "reach"], ["credentials"])
    advice = found[cloud][failing[0]]["hint"]
    assert ("aws sso login" in advice or "s3:PutObject" in advice) if cloud == "aws" else advice


def test_no_credentials_at_all(world: World, strict: StrictCloud) -> None:
    """Whether the cloud answers, and its clock, are known all the same."""
    world.patch.delenv("AWS_ACCESS_KEY_ID")
    world.patch.delenv("AWS_SECRET_ACCESS_KEY")
    found = examined(world, code=3)
    assert bad(found) == {"aws": ["credentials"]}
    assert "aws configure" in found["aws"]["credentials"]["hint"]
    assert found["aws"]["reach"]["grade"] == found["aws"]["clock"]["grade"] == "good"
    assert "access" not in found["aws"]


def test_a_cloud_that_wants_a_token(world: World, strict: StrictCloud) -> None:
    strict.options.gcs_anonymous = False
    found = examined(world, code=3)
    assert bad(found) == {"gcp": ["access"]}
    assert "gcloud auth" in found["gcp"]["access"]["hint"]


def set_clock(strict: StrictCloud, ahead: timedelta) -> None:
    def stamp(request: Request, response: Response) -> None:
        response.headers["Date"] = format_datetime(datetime.now(UTC) + ahead, usegmt=True)

    strict.on_response(stamp)


@pytest.mark.parametrize(
    ("minutes", "grade", "word"),
    [(20, "bad", "slow"), (-20, "bad", "fast"), (1, "note", "slow"), (-1, "note", "fast")],
)
def test_a_wrong_clock(
    world: World, strict: StrictCloud, minutes: int, grade: str, word: str
) -> None:
    set_clock(strict, timedelta(minutes=minutes))
    found = examined(world, code=2 if grade == "bad" else 0)
    for name in NAMES:
        clock = found[name]["clock"]
        assert (clock["grade"], word in clock["said"]) == (grade, True)
        assert clock["server_ahead_seconds"] == pytest.approx(minutes * 60, abs=2)
        assert "NTP" in clock["hint"]


@pytest.mark.parametrize(("dialect", "cloud"), [("s3", "aws"), ("gcs", "gcp"), ("azure", "azure")])
def test_a_missing_bucket(world: World, strict: StrictCloud, dialect: str, cloud: str) -> None:
    strict.dialect(dialect).state.buckets.clear()
    found = examined(world, code=6)
    assert bad(found) == {cloud: ["access"]}
    assert "create the bucket" in found[cloud]["access"]["hint"]
    assert found[cloud]["clock"]["grade"] == "good"


def dead_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize("cloud", NAMES)
def test_a_dead_port(world: World, strict: StrictCloud, cloud: str) -> None:
    origin = f"http://127.0.0.1:{dead_port()}"
    path = "/devstoreaccount1" if cloud == "azure" else ""
    world.setenv({f"DEPLOYER_CLOUDS_{cloud.upper()}_ENDPOINT": origin + path})
    found = examined(world, code=4)
    assert bad(found) == {cloud: ["reach"]}
    assert found[cloud]["credentials"]["grade"] == "good"
    assert "endpoint" in found[cloud]["reach"]["hint"]


@pytest.mark.parametrize(
    ("which", "named"), [("create", "create-only"), ("update", "compare-and-swap")]
)
def test_a_bucket_that_ignores_conditions(
    world: World, strict: StrictCloud, which: str, named: str
) -> None:
    def forget(request: Request) -> None:
        wanted = request.query.get("ifGenerationMatch")
        if wanted is not None and (wanted == "0") == (which == "create"):
            del request.query["ifGenerationMatch"]

    strict.on_request(forget)
    found = examined(world, "--clouds", "gcp,azure", code=2)
    assert bad(found) == {"gcp": ["writes"]}
    assert named in found["gcp"]["writes"]["said"]
    assert "conditional writes" in found["gcp"]["writes"]["hint"]
    assert strict.objects("gcs", "models") == {}, "a probe is left"


def test_a_damaged_registry(world: World, strict: StrictCloud) -> None:
    world.model({"a": b"1"})
    world.invoke("push", "model", "m").ok()
    found = examined(world)
    assert "its home" in found["aws"]["access"]["said"]
    assert "not its home" in found["gcp"]["access"]["said"]
    strict.tamper("gcs", "models", "deployer.json", b"{}")
    found = examined(world, code=11)
    assert bad(found) == {"gcp": ["access"]}


def test_two_registries(world: World, strict: StrictCloud) -> None:
    world.model({"a": b"1"})
    world.invoke("push", "model", "m", "--clouds", "aws").ok()
    world.invoke("push", "model", "m", "--clouds", "gcp").ok()
    found = examined(world, code=2)
    assert bad(found) == {"gcp": ["registry"]}
    assert "aws has" in found["gcp"]["registry"]["said"]


def test_a_bucket_elsewhere(world: World, strict: StrictCloud) -> None:
    world.setenv(
        {
            "DEPLOYER_CLOUDS_AWS_REGION": "eu-central-1",
            "DEPLOYER_CLOUDS_GCP_REGION": "us",
            "DEPLOYER_CLOUDS_AZURE_REGION": "westeurope",
        }
    )
    found = examined(world, code=2)
    assert bad(found) == {"aws": ["region"]}
    assert found["aws"]["region"]["hint"].startswith('write region = "us-east-1"')
    assert found["gcp"]["region"]["said"] == "US"
    assert "by your word" in found["azure"]["region"]["said"]


def test_a_silent_cloud_holds_up_nobody(world: World, strict: StrictCloud) -> None:
    """A process of its own: it must end, although a thread waits and the connection is open."""
    strict.script(Fault(stall(), dialect="azure", operation="GetBlob", count=None))
    world.settings("[transfer]\ntimeout = 600.0\nattempts = 1\n")
    started = time.monotonic()
    ran = world.run("doctor", "-o", "json", "--timeout", "3")
    assert time.monotonic() - started < 200
    assert ran.code == 4, (ran.out, ran.err)
    assert "Traceback" not in ran.err
    found = checks(ran)
    assert bad(found) == {"azure": ["access"]}
    assert found["azure"]["clock"]["grade"] == "good"
    assert {"writes", "latency"} <= found["aws"].keys() & found["gcp"].keys()


def test_a_slow_cloud_is_cut_off(world: World, strict: StrictCloud) -> None:
    """Each request is answered in time, so that no timeout of a connection ever fires."""

    def slow(request: Request) -> None:
        if request.dialect == "gcs":
            time.sleep(1)

    strict.on_request(slow)
    ran = world.run("doctor", "-o", "json", "--clouds", "gcp,azure", "--timeout", "3")
    assert ran.code == 4, (ran.out, ran.err)
    assert "no end after 3 s" in json.dumps(checks(ran)["gcp"])
    assert bad(checks(ran)).keys() == {"gcp"}


def test_credentials_that_never_come(world: World, strict: StrictCloud) -> None:
    """Whoever closed that cloud's connections would wait for its credentials, too."""
    world.patch.delenv("AWS_ACCESS_KEY_ID")
    world.patch.delenv("AWS_SECRET_ACCESS_KEY")
    config = world.folder / "aws"
    config.write_text("[default]\ncredential_process = sleep 100\n")
    world.setenv({"AWS_CONFIG_FILE": str(config)})
    started = time.monotonic()
    ran = world.run("doctor", "-o", "json", "--clouds", "aws,gcp", "--timeout", "3")
    assert time.monotonic() - started < 90
    assert ran.code == 4, (ran.out, ran.err)
    assert bad(checks(ran)) == {"aws": ["credentials"]}


def test_folders(world: World) -> None:
    world.local_clouds()
    found = examined(world)
    assert bad(found) == {}
    assert found["aws"]["credentials"]["source"] == "permissions of the file system"
    assert "clock" not in found["aws"]
    shutil.rmtree(world.store("gcp"))
    assert bad(examined(world, code=6)) == {"gcp": ["access"]}


def test_a_prefix(world: World, strict: StrictCloud) -> None:
    world.setenv({"DEPLOYER_CLOUDS_AWS_URL": "s3://models/team/one"})
    found = examined(world, "--clouds", "aws")
    assert found["aws"]["region"]["region"] == "us-east-1"


def test_no_clouds(world: World) -> None:
    assert "deployer.toml" in world.invoke("doctor").failed(2)


class TestJudgements:
    @pytest.mark.parametrize(
        ("ahead", "margin", "grade"),
        [
            (0.4, 0.5, Grade.GOOD),
            (-3.0, 0.5, Grade.GOOD),
            (5.4, 0.5, Grade.GOOD),
            (5.6, 0.5, Grade.NOTE),
            (-5.6, 0.5, Grade.NOTE),
            (900.4, 0.5, Grade.NOTE),
            (900.6, 0.5, Grade.BAD),
            (-900.6, 0.5, Grade.BAD),
            (906.0, 30.0, Grade.NOTE),  # a slow answer proves less
            (20.0, 30.0, Grade.GOOD),
        ],
    )
    def test_clock(self, ahead: float, margin: float, grade: Grade) -> None:
        assert on_clock(ahead, margin).grade is grade

    @pytest.mark.parametrize(
        ("left", "renews", "grade", "code"),
        [
            (None, False, Grade.GOOD, 0),
            (timedelta(minutes=1), True, Grade.GOOD, 0),
            (timedelta(days=2), False, Grade.GOOD, 0),
            (timedelta(hours=23), False, Grade.NOTE, 0),
            (timedelta(0), False, Grade.BAD, 3),
            (timedelta(days=-1), False, Grade.BAD, 3),
        ],
    )
    def test_credentials(
        self, left: timedelta | None, renews: bool, grade: Grade, code: int
    ) -> None:
        expires = None if left is None else AT + left
        found = on_credentials(Credentials("SAS", "me", expires=expires, renews=renews), AT)
        assert (found.grade, found.code) == (grade, code)
        assert bool(found.hint) == (grade in (Grade.NOTE, Grade.BAD))

    @pytest.mark.parametrize(
        ("told", "configured", "grade"),
        [
            ("eu-west-1", "eu-west-1", Grade.GOOD),
            ("EUROPE-WEST3", "europe-west3", Grade.GOOD),
            ("eu-west-1", "eu-west-2", Grade.BAD),
            ("eu-west-1", None, Grade.GOOD),
            (None, "eu-west-1", Grade.GOOD),
            (None, None, None),
        ],
    )
    def test_region(self, told: str | None, configured: str | None, grade: Grade | None) -> None:
        assert [f.grade for f in on_region(told, configured, "aws")] == ([grade] if grade else [])

    @pytest.mark.parametrize(
        ("versioning", "retained", "grade"),
        [
            (True, 0, Grade.GOOD),
            (False, 7, Grade.GOOD),
            (None, 7, Grade.GOOD),
            (False, 0, Grade.NOTE),
            (None, 0, Grade.NOTE),
            (None, None, None),
        ],
    )
    def test_undo(self, versioning: bool | None, retained: int | None, grade: Grade | None) -> None:
        found = [f.grade for f in on_undo(Bucket(None, versioning, retained))]
        assert found == ([grade] if grade else [])

    @pytest.mark.parametrize(
        ("codes", "expected"),
        [([], 0), ([0, 0], 0), ([4], 4), ([4, 3], 3), ([4, 6], 6), ([2, 11, 3], 11), ([9], 9)],
    )
    def test_the_worst(self, codes: list[int], expected: int) -> None:
        reports = [
            Report(str(n), "", (Finding("x", Grade.BAD, "", code=ExitCode(code)),))
            for n, code in enumerate(codes)
        ]
        assert worst(reports) == expected
