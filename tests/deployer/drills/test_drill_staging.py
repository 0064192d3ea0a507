"""A drill against endpoints and buckets of the user: faults on the way, and nothing is changed."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from deployer.drills.estate.clouds import open_direct
from deployer.drills.estate.models import packages
from deployer.drills.evidence.recorder import Recorder
from deployer.drills.report.check import check
from deployer.drills.running.hindrance import hindrance
from deployer.drills.running.staging import Staging, staging
from deployer.drills.scenario.load import builtin, find
from deployer.emulators import Server, start
from deployer.errors import UsageError
from deployer.settings import ModelSettings, RouterEndpoint, RouterSettings, Settings
from tests.deployer.drills.drill_kit import Drilled, left_behind
from tests.deployer.drills.drill_kit import drill as drill_in
from tests.deployer.drills.tls_front_kit import tls_front
from tests.fakes.tls import self_signed
from tests.infra.endpoint_kit import StandIn

DEADLINE = 60.0
READ_ONLY = {"half-open", "slow-drip", "green-but-broken"}


def test_what_only_looks_and_disturbs_can_be_played_on_staging() -> None:
    possible = {each.name for each in builtin() if not hindrance(each, writes=False)}
    assert possible == READ_ONLY
    assert "emulators only" in hindrance(find("bucket-gone")[0], writes=True)
    assert "emulators only" in hindrance(find("bit-flip")[0], writes=True)


def test_endpoints_outside_of_the_models_regions_are_not_there_for_a_drill(tmp_path: Path) -> None:
    asked = StandIn("us")
    settings = Settings(
        models={"penguins": ModelSettings(residency=["eu"])},
        router=RouterSettings(
            model="penguins",
            endpoints={
                name: RouterEndpoint(url=f"http://127.0.0.1:{asked.port}", region=region)
                for name, region in (("us", "us-east-1"), ("eu", "eu-central-1"))
            },
        ),
    )
    scenario = find("green-but-broken")[0]
    user = Staging(settings, tmp_path, "")
    recorder = Recorder(tmp_path, lambda _: None)
    try:
        with (
            pytest.raises(UsageError, match=r"where the model may be, \[router\] has 1"),
            staging(scenario, folder=tmp_path, work=tmp_path, recorder=recorder, user=user),
        ):
            pass
        assert not asked.seen
    finally:
        recorder.close()
        asked.stop()


class User(NamedTuple):
    """Somebody with two clouds, two endpoints and a deployer.toml."""

    folder: Path
    environment: dict[str, str]
    clouds: dict[str, Server]
    endpoints: list["subprocess.Popen[str]"]

    def drill(self, *arguments: str) -> Drilled:
        return drill_in(*arguments, folder=self.folder, environment=self.environment)

    def objects(self) -> dict[str, dict[str, str]]:
        found = {}
        for name, server in self.clouds.items():
            with open_direct(name, server) as store:
                found[name] = {meta.key: str(meta.version) for meta in store.list()}
        return found


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    folder = tmp_path_factory.mktemp("user")
    with ExitStack() as stack:
        clouds = {"aws": start("moto"), "gcp": start("fake-gcs")}
        environment = {
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_STATE_HOME": str(folder / "state"),
        }
        for server in clouds.values():
            stack.callback(server.stop)
            environment |= server.environment()
        (folder / "deployer.toml").write_text(
            '[clouds.aws]\nurl = "s3://deployer-models"\n[clouds.gcp]\nurl = "gs://deployer-models"\n',
            "utf-8",
        )
        everything = {**os.environ, **environment}

        def run(*arguments: str) -> Any:
            command = [sys.executable, "-m", "deployer", *arguments, "-o", "json"]
            done = subprocess.run(
                command, cwd=folder, env=everything, capture_output=True, text=True, check=True
            )
            return json.loads(done.stdout)

        run("push", str(packages(1)[0]), "wines:champion")
        environment["DEPLOYER_API_KEY"] = run("key", "api", "new", "user")["key"]
        endpoints, lines = [], ['[router]\nmodel = "wines"\n']
        for number, name in enumerate(clouds):
            log = folder / f"{name}.log"
            with log.open("w") as file:
                process = subprocess.Popen(
                    [
                        sys.executable, "-m", "deployer", "serve", "wines@champion", "--cloud", name,
                        "--port", "0", "--grpc-port", "0", "--admin-port", "0", "-o", "json",
                    ],
                    cwd=folder, env=everything, stdout=file, stderr=subprocess.DEVNULL, text=True,
                )  # fmt: skip
            stack.callback(process.wait)
            stack.callback(process.terminate)
            until = time.monotonic() + DEADLINE
            while not log.read_text("utf-8").endswith("\n"):
                assert time.monotonic() < until
                assert process.poll() is None
                time.sleep(0.05)
            endpoints.append(process)
            url = json.loads(log.read_text("utf-8"))["url"]
            lines.append(f'[router.endpoints.{name}]\nurl = "{url}"\npriority = {number}\n')
        with (folder / "deployer.toml").open("a", encoding="utf-8") as settings:
            settings.write("".join(lines))
        yield User(folder, environment, clouds, endpoints)


@pytest.mark.slow
@pytest.mark.alone
def test_faults_on_the_way_to_staging_endpoints(user: User) -> None:
    before = user.objects()
    running = [each.pid for each in user.endpoints]
    done = user.drill("green-but-broken", "--staging")
    assert done.code == 0, done.stderr[-3000:] + done.stdout[-2000:]
    assert done.report["run"]["where"] == "staging"
    assert "staging endpoints" in done.stdout
    assert done.report["figures"]["failed"] == 0
    assert done.report["figures"]["rpo"] == 0
    assert done.report["figures"]["objects"] > 20
    assert check(done.folder) == []
    key = user.environment["DEPLOYER_API_KEY"]
    for path in done.folder.rglob("*"):
        assert not path.is_file() or key.encode() not in path.read_bytes(), f"{path} holds the key"
    assert user.objects() == before
    assert [each.pid for each in user.endpoints if each.poll() is None] == running
    ours = [each for each in left_behind(user.folder / "out") if "serve" not in each]
    assert ours == []


SHORT = """
name: short
title: The primary answers 500
why: A test.
must: The standby answers.
load: {rate: 20}
objectives: {max_failed: null}
method:
  - do: disturb
    target: endpoint:primary
    name: the primary answers 500
    rule: {effect: answer, status: 500}
  - {do: answered, requests: 20}
"""


@contextmanager
def behind_tls(user: User, folder: Path, host: str = "127.0.0.1") -> Iterator[User]:
    """Let the user's endpoints be reached by https alone, at `host`, from a folder of its own."""
    context, trusted = self_signed(folder)
    settings = (user.folder / "deployer.toml").read_text("utf-8")
    with ExitStack() as stack:
        for port in set(re.findall(r"http://127.0.0.1:([0-9]+)", settings)):
            front = stack.enter_context(tls_front(context, int(port)))
            settings = settings.replace(f"http://127.0.0.1:{port}", f"https://{host}:{front}")
        (folder / "deployer.toml").write_text(settings, "utf-8")
        (folder / "short.yaml").write_text(SHORT, "utf-8")
        environment = {**user.environment, "SSL_CERT_FILE": str(trusted)}
        yield user._replace(folder=folder, environment=environment)


@pytest.mark.slow
@pytest.mark.alone
def test_endpoints_behind_https(user: User, tmp_path: Path) -> None:
    with behind_tls(user, tmp_path) as theirs:
        done = theirs.drill("short.yaml", "--staging")
    assert done.code == 0, done.stderr[-3000:] + done.stdout[-2000:]
    traffic = {each["listener"]: each for each in done.report["traffic"]}
    assert traffic["endpoint:primary"]["changed"] > 0
    # What was answered came all the way from the servers, with the digest that they serve.
    assert traffic["endpoint:standby"]["requests"] - traffic["endpoint:standby"]["failed"] >= 20
    assert done.report["figures"]["requests"] > done.report["figures"]["failed"]
    assert check(done.folder) == []


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize(
    ("host", "trusted", "said"),
    [
        ("127.0.0.1", False, "self-signed certificate"),
        ("localhost", True, "Hostname mismatch, certificate is not valid for 'localhost'"),
    ],
)
def test_a_wrong_certificate_is_one_clear_line(
    user: User, tmp_path: Path, host: str, trusted: bool, said: str
) -> None:
    with behind_tls(user, tmp_path, host) as theirs:
        if not trusted:
            del theirs.environment["SSL_CERT_FILE"]
        done = theirs.drill("short.yaml", "--staging")
    assert done.code == 1
    [line] = [each for each in done.stderr.splitlines() if each.startswith("error: ")]
    assert f"(https://{host}:" in line
    assert f"its certificate is not accepted: {said}" in line
    assert "SSL_CERT_FILE" in line
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["bit-flip", "--staging"], 2, "possible on emulators only"),
        (["bit-flip", "--staging", "--allow-writes"], 2, "possible on emulators only"),
        (["bit-flip", "--allow-writes"], 2, "--allow-writes needs --staging"),
    ],
)
def test_what_would_change_something_is_refused(
    user: User, arguments: list[str], code: int, said: str
) -> None:
    done = user.drill(*arguments)
    assert done.code == code
    assert said in done.stderr
