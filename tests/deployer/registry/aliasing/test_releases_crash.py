"""SIGKILL at every request of a promotion and of a rollback; and processes that move one alias.

The command is a process of its own, the clouds are the strict fake in this one. After each crash
the same command, run again, finishes with exactly one move on every cloud.
"""

import itertools
import json
import os
import shutil
import signal
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from deployer.drills.estate.warm import Host, Job
from tests.deployer.registry.dropping_proxy import Guillotine
from tests.deployer.registry.registry_kit import (
    BUCKET,
    DIALECTS,
    alias_log,
    audit,
    folder_of,
    strict_cloud,
    strict_environment,
)
from tests.fakes import StrictCloud
from tests.fakes.state import Bucket

TIMEOUT = 120
PROBES = "state/deployer/probes"
STEP = 9  # of the quick variant
CLOUDS = ["--clouds", "aws,gcp,azure", "-o", "json"]
COMMANDS = {
    "promote": (["promote", "penguins:3"], [1, 2, 3]),
    "rollback": (["rollback", "penguins"], [1, 2, 1]),
}
PROCESSES, MOVES = 5, 10


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with Host() as made:
        yield made


@dataclass(frozen=True)
class Held:
    """Clouds, and what this machine knows of them, as they are before the act."""

    buckets: dict[str, Bucket]
    probes: Path


class Scene:
    """Three clouds with penguins:1 to :3, of which champion was the first two."""

    def __init__(self, cloud: StrictCloud, host: Host, folder: Path) -> None:
        self.cloud = cloud
        self.host = host
        self.folder = folder
        self.environment = strict_environment(cloud) | {
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
        }
        self.seen_wrong: list[str] = []

    def prepare(self) -> Held:
        """Publish, and return what the clouds hold then."""
        for number, name in enumerate(["penguins:champion", "penguins:champion", "penguins"]):
            folder_of(self.folder / "model", {"a": b"%d" % number, "b": b"same"})
            assert self.run(["push", "model", name, *CLOUDS]).wait() == 0
        buckets = {
            dialect: self.cloud.dialect(dialect).state.buckets[BUCKET]
            for dialect in DIALECTS.values()
        }
        return Held(buckets, self.folder / PROBES)

    def restore(self, held: Held) -> None:
        shutil.copytree(held.probes, self.folder / PROBES)
        for dialect, bucket in held.buckets.items():
            copy = Bucket(bucket.name, bucket.created, dict(bucket.objects), list(bucket.ordered))
            self.cloud.dialect(dialect).state.buckets[BUCKET] = copy

    def watch(self) -> None:
        self.cloud.on_response(lambda *_: self.look())

    def look(self) -> None:
        """Check that a reader of each cloud, now, is led to something whole."""
        for dialect in DIALECTS.values():
            try:
                assert audit(self.cloud.objects(dialect, BUCKET)) == {"penguins": [1, 2, 3]}
            except (AssertionError, KeyError) as error:
                self.seen_wrong.append(f"{dialect}: {error!r}")

    def run(self, arguments: Sequence[str]) -> Job:
        return self.host.start(arguments, self.environment, self.folder)

    def finish(self, command: str) -> None:
        """Run the command again and check what there is then."""
        arguments, moves = COMMANDS[command]
        job = self.run([*arguments, *CLOUDS])
        assert job.wait() == 0, job.stderr
        assert json.loads(job.stdout)["version"] == moves[-1]
        assert json.loads(job.stdout)["behind"] == {}
        for dialect in DIALECTS.values():
            objects = self.cloud.objects(dialect, BUCKET)
            assert audit(objects) == {"penguins": [1, 2, 3]}
            log = alias_log(objects, "penguins", "champion")
            assert [entry["version"] for entry in log] == moves
        assert not list(self.folder.glob("state/deployer/rollback/*"))
        assert self.seen_wrong == []


@pytest.fixture(scope="module")
def held(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Held:
    """Return clouds as they are before the act; each crash begins with a copy."""
    with strict_cloud() as cloud:
        return Scene(cloud, host, tmp_path_factory.mktemp("held")).prepare()


def count_requests(host: Host, folder: Path, held: Held, command: str) -> int:
    with strict_cloud() as cloud:
        scene = Scene(cloud, host, folder)
        scene.restore(held)
        scene.watch()
        scene.finish(command)
        return len(cloud.requests)


def crash(host: Host, folder: Path, held: Held, command: str, nth: int, carried_out: bool) -> None:
    with strict_cloud() as cloud:
        scene = Scene(cloud, host, folder)
        scene.restore(held)
        scene.watch()
        blade = Guillotine([cloud], nth, carried_out=carried_out)
        job = scene.run([*COMMANDS[command][0], *CLOUDS])
        assert blade.reached.wait(TIMEOUT), f"request {nth} never came"
        os.kill(job.pid, signal.SIGKILL)
        assert job.wait() == -signal.SIGKILL
        blade.go.set()
        scene.look()
        scene.finish(command)


def sweep(
    host: Host,
    folder: Path,
    held: Held,
    command: str,
    step: int,
    modes: tuple[bool, ...],
) -> int:
    total = count_requests(host, folder / "clean", held, command)
    crashes = 0
    # The last requests race each other, so a run may have a few less.
    for nth in range(1, total - 2, step):
        for carried_out in modes if step == 1 else (modes[nth // step % len(modes)],):
            crash(host, folder / f"{nth}-{carried_out}", held, command, nth, carried_out)
            crashes += 1
    return crashes


@pytest.mark.parametrize("command", COMMANDS)
def test_killed_at_some_requests(host: Host, tmp_path: Path, held: Held, command: str) -> None:
    assert sweep(host, tmp_path, held, command, STEP, (False, True)) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("carried_out", [False, True], ids=["before", "after"])
def test_killed_at_every_request(
    host: Host, tmp_path: Path, held: Held, command: str, carried_out: bool
) -> None:
    assert sweep(host, tmp_path, held, command, 1, (carried_out,)) >= 30


@pytest.mark.parametrize("carried_out", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("key", ["champion.log", "champion.json"])
def test_killed_at_the_move_itself(
    host: Host,
    tmp_path: Path,
    held: Held,
    command: str,
    key: str,
    carried_out: bool,
) -> None:
    """The two writes at home that a crash must neither lose nor double."""
    with strict_cloud() as cloud:
        scene = Scene(cloud, host, tmp_path)
        scene.restore(held)
        scene.watch()
        pattern = f"*/{key}*"
        pause = cloud.pause_after_commit if carried_out else cloud.pause_before_commit
        gate = pause("s3", "PutObject", pattern)
        job = scene.run([*COMMANDS[command][0], *CLOUDS])
        gate.wait(TIMEOUT)
        os.kill(job.pid, signal.SIGKILL)
        assert job.wait() == -signal.SIGKILL
        gate.release(commit=carried_out)
        scene.finish(command)


def test_a_write_that_lands_after_its_sender_died(host: Host, tmp_path: Path, held: Held) -> None:
    """It was on its way when the process was killed, and overtakes the second run: one move."""
    with strict_cloud() as cloud:
        scene = Scene(cloud, host, tmp_path)
        scene.restore(held)
        late = cloud.pause_before_commit("s3", "PutObject", "*/champion.log/*")
        job = scene.run([*COMMANDS["rollback"][0], *CLOUDS])
        late.wait(TIMEOUT)
        os.kill(job.pid, signal.SIGKILL)
        assert job.wait() == -signal.SIGKILL
        landed = cloud.pause_after_commit("s3", "PutObject", "*/champion.log/*")
        again = cloud.pause_before_commit("s3", "PutObject", "*/champion.log/*")
        job = scene.run([*COMMANDS["rollback"][0], *CLOUDS])
        again.wait(TIMEOUT)
        late.release()
        landed.wait(TIMEOUT)
        landed.release()
        again.release()
        assert job.wait() == 0, job.stderr
        objects = cloud.objects("s3", BUCKET)
    audit(objects)
    moves = [entry["version"] for entry in alias_log(objects, "penguins", "champion")]
    assert moves == COMMANDS["rollback"][1]


def check_processes(folder: Path, processes: int, moves: int) -> None:
    """Let processes set one alias, each to versions of its own choice, and count the moves."""
    with strict_cloud() as cloud:
        told: list[dict[str, object]] = []

        def mover(number: int) -> None:
            with Host() as host:
                own = Scene(cloud, host, folder / f"{number}")
                for turn in range(moves):
                    version = (number + turn) % 3 + 1
                    job = own.run(["alias", "set", "penguins", "prod", f"{version}", *CLOUDS])
                    assert job.wait() == 0, job.stderr
                    told.append(json.loads(job.stdout))

        with Host() as host:
            Scene(cloud, host, folder / "publisher").prepare()
        threads = [threading.Thread(target=mover, args=(number,)) for number in range(processes)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(told) == processes * moves, "a command failed"
        objects = cloud.objects("s3", BUCKET)
    audit(objects)  # the chain has no gap, and the alias is its end
    log = alias_log(objects, "penguins", "prod")
    assert [entry["seq"] for entry in log] == list(range(1, len(log) + 1))
    assert sorted(str(each["seq"]) for each in told if each["moved"]) == sorted(
        str(entry["seq"]) for entry in log
    ), "a move was lost, or counted twice"
    by_seq = {entry["seq"]: entry["version"] for entry in log}
    assert all(by_seq[each["seq"]] == each["version"] for each in told if each["moved"])
    assert all(a["version"] != b["version"] for a, b in itertools.pairwise(log)), (
        "a move to where it was"
    )


def test_three_processes_set_one_alias(tmp_path: Path) -> None:
    check_processes(tmp_path, 3, 2)


@pytest.mark.slow
def test_five_processes_set_one_alias_ten_times_each(tmp_path: Path) -> None:
    check_processes(tmp_path, PROCESSES, MOVES)
