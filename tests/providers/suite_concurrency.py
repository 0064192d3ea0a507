"""Conformance: many writers and readers at once."""

import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from providers.errors import AlreadyExistsError, NotFoundError, PreconditionError, StoreError
from providers.model import ObjectMeta, Version
from providers.store import Store
from tests.providers.harness import Harness, digest, payload
from tests.providers.suite_base import SuiteBase, at_once

RACERS = 16
FEWER = 8
DEADLINE = 120.0

COUNT = """
import sys
from providers.errors import PreconditionError
from providers.open import open_store

url, endpoint, rounds = sys.argv[1], sys.argv[2] or None, int(sys.argv[3])
with open_store(url, endpoint=endpoint) as store:
    for _ in range(rounds):
        while True:
            with store.open("counter") as read:
                value = int(b"".join(read.chunks))
            try:
                store.put("counter", b"%d" % (value + 1), mode=read.meta.version)
                break
            except PreconditionError:
                continue
"""


def increment(store: Store, until: float) -> None:
    """Add one to the object ``counter``, as often as it takes."""
    while time.monotonic() < until:
        with store.open("counter") as read:
            value = int(b"".join(read.chunks))
        try:
            store.put("counter", b"%d" % (value + 1), mode=read.meta.version)
        except PreconditionError:
            continue
        return
    raise TimeoutError("the counter could not be swapped in time")


class ConcurrencyCases(SuiteBase):
    """Who wins, and that everybody knows it."""

    @pytest.mark.parametrize("parts", [pytest.param(0, id="small"), pytest.param(1, id="large")])
    def test_create_race(self, harness: Harness, store: Store, parts: int) -> None:
        size = parts * harness.part_size + 100
        contents = [payload(size, seed) for seed in range(RACERS)]

        def create(number: int) -> ObjectMeta:
            with harness.open(workers=1) as own:
                return own.put("prize", contents[number], mode="create")

        outcomes = at_once(RACERS, create)
        winners = [n for n, outcome in enumerate(outcomes) if isinstance(outcome, ObjectMeta)]
        losers = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        assert [type(error) for error in losers] == [AlreadyExistsError] * (RACERS - 1), losers
        assert harness.raw_get("prize") == contents[winners[0]]
        if harness.shows_uploads:
            assert harness.raw_uploads() == 0

    def test_update_race(self, harness: Harness, store: Store) -> None:
        version = store.put("prize", b"start", mode="create").version

        def update(number: int) -> Version:
            return store.put("prize", b"racer %d" % number, mode=version).version

        outcomes = at_once(FEWER, update)
        winners = [n for n, outcome in enumerate(outcomes) if isinstance(outcome, Version)]
        losers = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        assert [type(error) for error in losers] == [PreconditionError] * (FEWER - 1), losers
        assert harness.raw_get("prize") == b"racer %d" % winners[0]

    @pytest.mark.parametrize("rounds", [10, pytest.param(50, marks=pytest.mark.slow)])
    def test_counter(self, harness: Harness, store: Store, rounds: int) -> None:
        store.put("counter", b"0", mode="create")
        until = time.monotonic() + DEADLINE

        def count(number: int) -> None:
            with harness.open() as own:
                for _ in range(rounds):
                    increment(own, until)

        assert at_once(5, count) == [None] * 5
        assert int(harness.raw_get("counter")) == 5 * rounds

    @pytest.mark.slow
    def test_counter_of_processes(self, harness: Harness, store: Store, tmp_path: Path) -> None:
        if not harness.separate_processes:
            return
        store.put("counter", b"0", mode="create")
        script = tmp_path / "count.py"
        script.write_text(textwrap.dedent(COUNT))
        command = [sys.executable, str(script), harness.url, harness.endpoint or "", "20"]
        root = Path(__file__).parents[2]
        counters = [subprocess.Popen(command, cwd=root, env=harness.child()) for _ in range(5)]
        assert [counter.wait(DEADLINE) for counter in counters] == [0] * 5
        assert harness.raw_get("counter") == b"100"

    def test_overwrite_race(self, harness: Harness, store: Store) -> None:
        """Whoever is last, the object is one of the bodies, with the digest of that body."""
        contents = [payload(500 + seed, seed) for seed in range(FEWER)]

        def overwrite(number: int) -> ObjectMeta:
            return store.put("busy", contents[number], mode="overwrite")

        outcomes = at_once(FEWER, overwrite)
        assert all(isinstance(outcome, ObjectMeta) for outcome in outcomes), outcomes
        final = store.head("busy")
        assert store.get("busy") == harness.raw_get("busy")
        assert final.sha256 == digest(harness.raw_get("busy"))
        assert harness.raw_get("busy") in contents

    def test_readers_of_a_busy_object(self, harness: Harness, store: Store) -> None:
        """Each read is whole and is of one write, while the object is being overwritten."""
        contents = {payload(2000, seed): seed for seed in range(8)}
        store.put("busy", next(iter(contents)), mode="create")

        def work(number: int) -> None:
            for body in contents:
                if number % 2:
                    store.put("busy", body, mode="overwrite")
                else:
                    assert store.get("busy") in contents

        assert at_once(6, work) == [None] * 6

    def test_one_store_in_many_threads(
        self, harness: Harness, store: Store, tmp_path: Path
    ) -> None:
        large = payload(2 * harness.part_size + 100)

        def work(number: int) -> None:
            own = f"{number:02}"
            for step in range(3):
                body = payload(200 + step, number)
                store.put(f"{own}/{step}", body, mode="create")
                assert store.get(f"{own}/{step}") == body
                assert store.head(f"{own}/{step}").size == len(body)
            assert [meta.key for meta in store.list(f"{own}/")] == [f"{own}/{n}" for n in range(3)]
            store.delete(f"{own}/1")
            try:
                store.get(f"{own}/1")
            except NotFoundError:
                pass
            else:
                raise AssertionError("read what was deleted")
            if number % 10 == 0:
                store.put(f"{own}/large", large, mode="create")
                store.download(f"{own}/large", tmp_path / own)
                assert (tmp_path / own).read_bytes() == large

        with ThreadPoolExecutor(20) as pool:
            for done in [pool.submit(work, number) for number in range(20)]:
                done.result()
        assert len(harness.raw_keys()) == 2 * 20 + 2

    def test_delete_race(self, harness: Harness, store: Store) -> None:
        """All may delete; a conditional write meanwhile either finds its version or says so."""
        version = store.put("contested", b"0", mode="create").version

        def work(number: int) -> bool:
            if number % 2:
                store.delete("contested")
                return False
            try:
                store.put("contested", b"update %d" % number, mode=version)
            except PreconditionError:
                return False
            return True

        outcomes = at_once(FEWER, work)
        assert not [outcome for outcome in outcomes if isinstance(outcome, StoreError)]
        assert outcomes.count(True) <= 1
