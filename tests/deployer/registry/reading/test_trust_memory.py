"""What a reader remembers only grows: over any order of reads, many processes, and kill -9."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.errors import DamagedError, FailedError
from deployer.registry.cloud import Cloud
from deployer.registry.format.records import FORMAT, AliasRecord
from deployer.registry.reading.memory import Memory, order_of
from deployer.registry.reading.trust import Trust, check_alias, remember
from providers.memory import MemoryDriver
from providers.store import Store

NAMES = ("aws", "gcp")
ADDRESSES = {name: f"memory://{name}" for name in NAMES}
CLOUDS = {name: Cloud(name, Store(MemoryDriver(name))) for name in NAMES}
SEEN = "2026-11-22T00:00:00Z"


def record(epoch: int, seq: int, variant: int = 0, alias: str = "champion") -> AliasRecord:
    return AliasRecord(
        format=FORMAT,
        model="penguins",
        alias=alias,
        epoch=epoch,
        seq=seq,
        version=1 + variant,
        manifest="0" * 64,
        prev=None,
        txn=str(UUID(int=variant)),
        at=SEEN,
        by="nobody",
    )


READS = st.tuples(
    st.sampled_from(NAMES),
    st.integers(1, 3),  # epoch
    st.integers(1, 5),  # seq
    st.integers(0, 1),  # which of two records under one number
    st.booleans(),  # --allow-stale
    st.booleans(),  # a process of its own
)


@settings(deadline=None, max_examples=150)
@given(st.lists(READS, max_size=30))
def test_nothing_older_is_ever_believed(
    tmp_path_factory: pytest.TempPathFactory,
    reads: list[tuple[str, int, int, int, bool, bool]],
) -> None:
    folder = tmp_path_factory.mktemp("trust")
    memory = Memory(folder, ADDRESSES)
    highest: tuple[int, int] = (0, 0)
    believed: dict[tuple[int, int], list[AliasRecord]] = {}
    for name, epoch, seq, variant, allow_stale, fresh in reads:
        if fresh:
            memory = Memory(folder, ADDRESSES)
        trust = Trust(memory=memory, allow_stale=allow_stale)
        offered = record(epoch, seq, variant)
        try:
            doubts = check_alias(CLOUDS[name], offered, trust)
        except DamagedError:
            older = order_of(offered) < highest
            others = [each for each in believed.get((epoch, seq), []) if each != offered]
            assert (older and not allow_stale) or others
            continue
        assert allow_stale or order_of(offered) >= highest
        assert bool(doubts) == (order_of(offered) < highest)
        if order_of(offered) == highest:
            assert believed[epoch, seq] == [offered] * len(believed[epoch, seq])
        assert remember(CLOUDS[name], offered, trust) == ()
        believed.setdefault((epoch, seq), []).append(offered)
        highest = max(highest, order_of(offered))
        known = Memory(folder, ADDRESSES).known("penguins", "champion")
        assert max(each.mark.order for each in known) == highest


def _hammer(folder: Path, number: int) -> None:
    memory = Memory(folder, ADDRESSES)
    for seq in range(1, 30):
        alias = f"alias-{(number + seq) % 5}"
        assert not memory.remember("aws", record(1, seq * 8 + number, alias=alias), seen=SEEN)


def test_many_processes_lose_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_hammer, args=(tmp_path, n)) for n in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    highest: dict[str, int] = {}
    for number in range(6):
        for seq in range(1, 30):
            alias = f"alias-{(number + seq) % 5}"
            highest[alias] = max(highest.get(alias, 0), seq * 8 + number)
    assert _marks(tmp_path) == highest


def _marks(folder: Path) -> Mapping[str, int]:
    memory = Memory(folder, ADDRESSES)
    names = {f"alias-{number}" for number in range(5)} | {"champion"}
    known = {name: memory.known("penguins", name) for name in names}
    return {name: found[0].mark.seq for name, found in known.items() if found}


WRITER = """
import itertools, sys
from pathlib import Path
from tests.deployer.registry.reading.test_trust_memory import ADDRESSES, SEEN, record
from deployer.registry.reading.memory import Memory
memory = Memory(Path(sys.argv[1]), ADDRESSES)
for seq in itertools.count(int(sys.argv[2])):
    memory.remember("aws", record(1, seq), seen=SEEN)
    print(seq, flush=True)
"""


def test_kill_9_forgets_nothing_that_was_remembered(tmp_path: Path) -> None:
    told = 0
    for lines in (1, 2, 7, 30):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(told + 1)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            for _ in range(lines):
                told = int(process.stdout.readline())
            process.send_signal(signal.SIGKILL)
            rest = process.stdout.read().split()
        told = int(rest[-1]) if rest else told
        assert told <= _marks(tmp_path)["champion"] <= told + 1
    assert len(list(tmp_path.rglob("*.json"))) == 1
    assert len(list(tmp_path.rglob("*.tmp"))) <= 1


def test_reading_the_same_again_writes_nothing(tmp_path: Path) -> None:
    memory = Memory(tmp_path, ADDRESSES)
    memory.remember("aws", record(1, 5), seen=SEEN)
    (path,) = tmp_path.rglob("*.json")
    before = path.stat().st_mtime_ns, path.stat().st_ino
    for seq in (5, 4, 1):
        Memory(tmp_path, ADDRESSES).remember("aws", record(1, seq), seen=SEEN)
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before


def test_one_small_file_for_each_store_and_model(tmp_path: Path) -> None:
    memory = Memory(tmp_path, ADDRESSES)
    for name in NAMES:
        for alias in ("latest", "champion", "a.b"):
            memory.remember(name, record(1, 1, alias=alias), seen=SEEN)
    files = list(tmp_path.rglob("*.json"))
    assert len(files) == 2
    assert all(path.stat().st_size < 1024 for path in files)
    assert {json.loads(path.read_bytes())["store"] for path in files} == set(ADDRESSES.values())


def test_a_file_that_was_put_in_the_place_of_another_is_refused(tmp_path: Path) -> None:
    """The memory of a store that is far behind must not serve for one that is not."""
    memory = Memory(tmp_path, ADDRESSES)
    memory.remember("aws", record(1, 9), seen=SEEN)
    (path,) = tmp_path.rglob("*.json")
    memory.remember("gcp", record(1, 1), seen=SEEN)
    (other,) = set(tmp_path.rglob("*.json")) - {path}
    path.write_bytes(other.read_bytes())
    with pytest.raises(FailedError) as caught:
        Memory(tmp_path, ADDRESSES).known("penguins", "champion")
    assert caught.value.where == str(path)
    assert "remove" in caught.value.hint
