"""Several stacks at once: what failed where, one exit code, and one Ctrl-C for all engines."""

import os
import signal
import threading
from pathlib import Path

import pytest

from deployer.cli.output import Output
from deployer.cli.stacks_print import document, end
from deployer.errors import CloudError, CredentialsError, ExitCode, MissingError
from deployer.stacks.acts import Engine, Target
from deployer.stacks.engine import VARIABLE, pulumi_command
from deployer.stacks.outcome import Outcome
from deployer.stacks.together import together
from deployer.stacks.workspace import Home

TARGETS = [Target("aws", "s"), Target("gcp", "s")]


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(Home(tmp_path, tmp_path.as_uri()))


def test_one_cloud_that_fails_stops_no_other(engine: Engine) -> None:
    both = threading.Barrier(2, timeout=10)

    def act(target: Target) -> Outcome:
        both.wait()  # they are under way at the same time
        if target.cloud == "aws":
            raise CloudError("quota exceeded", where="aws", hint="later")
        return Outcome("gcp", "s", "up")

    results = together(engine, TARGETS, act, say=lambda _: None)
    assert list(results) == ["aws", "gcp"]
    with pytest.raises(SystemExit) as raised:
        end(results, Output(format="json"))
    assert raised.value.code == ExitCode.PARTIAL
    told, made = document(results)
    assert (told["error"]["exit_code"], made["cloud"]) == (4, "gcp")


def test_where_all_fail_the_exit_code_is_theirs(engine: Engine) -> None:
    def act(target: Target) -> Outcome:
        raise CredentialsError("expired", where=target.cloud)

    results = together(engine, TARGETS, act, say=lambda _: None)
    with pytest.raises(SystemExit) as raised:
        end(results, Output(format="json"))
    assert raised.value.code == ExitCode.CREDENTIALS
    with pytest.raises(CredentialsError):
        end({"aws": results["aws"]}, Output())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_end_is_waited_for_and_then_told(engine: Engine, number: signal.Signals) -> None:
    ended: list[str] = []
    said: list[str] = []
    asked = threading.Event()

    def act(target: Target) -> None:
        if target.cloud == "aws":
            os.kill(os.getpid(), number)
        assert asked.wait(10)
        ended.append(target.cloud)

    def say(message: str) -> None:
        assert engine.interrupts.asked
        said.append(message)
        asked.set()

    with pytest.raises(KeyboardInterrupt):
        together(engine, TARGETS, act, say=say)
    assert sorted(ended) == ["aws", "gcp"]
    assert len(said) == 1


def test_a_missing_engine_is_told_with_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "pulumi"))
    with pytest.raises(MissingError) as raised:
        pulumi_command()
    assert "make pulumi" in raised.value.hint
