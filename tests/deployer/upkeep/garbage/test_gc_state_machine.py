"""Any sequence of publishes, moves, deletions, collections and crashes loses nothing that is needed."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from deployer.errors import DeployerError
from deployer.registry.cloud import Cloud
from deployer.registry.format.names import Reference
from providers.store import Store
from tests.deployer.registry.looking import pull_files
from tests.deployer.registry.registry_kit import (
    QUICK,
    audit,
    contents,
    folder_of,
    push,
    strict_cloud,
    strict_clouds,
    strict_environment,
)
from tests.deployer.upkeep.gc_kit import (
    AGE,
    DAY,
    Clock,
    ClockedMemory,
    CrashError,
    Fuse,
    collected,
    deleted,
    garbage,
    pointed,
    sharing,
    versions_of,
)

NAMES = ("aws", "gcp")
ALIASES = ("champion", "canary")

Files = dict[str, bytes]
Make = Callable[[Clock, contextlib.ExitStack], list[Cloud]]

# Few contents, so that many publishes meet what others have left.
contents_of = st.dictionaries(
    st.sampled_from("abc"), st.sampled_from([b"1", b"2", b"3"]), min_size=1, max_size=2
)
fuses = st.none() | st.integers(0, 60)
versions = st.integers(1, 6)


def in_memory(clock: Clock, stack: contextlib.ExitStack) -> list[Cloud]:
    return [Cloud(name, Store(ClockedMemory(name, clock), QUICK)) for name in NAMES]


def on_strict_fake(clock: Clock, stack: contextlib.ExitStack) -> list[Cloud]:
    strict = stack.enter_context(strict_cloud())
    clock.rule(strict)
    patch = stack.enter_context(pytest.MonkeyPatch.context())
    for name, value in strict_environment(strict).items():
        patch.setenv(name, value)
    clouds = strict_clouds(*NAMES)
    for cloud in clouds:
        stack.callback(cloud.store.close)
    return clouds


class Registry(RuleBasedStateMachine):
    """Two clouds, two machines that publish, and what their users were promised."""

    make: Make

    def __init__(self) -> None:
        super().__init__()
        self.stack = contextlib.ExitStack()
        self.clock = Clock()
        self.stack.enter_context(self.clock.sleeping())
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.clouds = type(self).make(self.clock, self.stack)
        self.published: dict[int, Files] = {}
        self.deleted: set[int] = set()
        self.numbers: dict[int, Files] = {}
        self.folders = 0

    def folder_with(self, files: Files) -> Path:
        self.folders += 1
        return folder_of(self.folder / str(self.folders), files)

    @contextmanager
    def process(self, fuse: int | None, carried_out: bool) -> Iterator[list[Cloud]]:
        """Yield the clouds as a process sees them that may die on the way, or be refused."""
        with contextlib.suppress(CrashError, DeployerError):
            yield sharing(self.clouds, Fuse(fuse, carried_out=carried_out))

    @rule(
        files=contents_of,
        alias=st.none() | st.sampled_from(ALIASES),
        machine=st.sampled_from(["one", "two"]),
        fuse=fuses,
        carried_out=st.booleans(),
    )
    def publish(
        self, files: Files, alias: str | None, machine: str, fuse: int | None, carried_out: bool
    ) -> None:
        with self.process(fuse, carried_out) as clouds:
            done = push(
                clouds,
                self.folder_with(files),
                state=self.folder / machine,
                aliases=(alias,) if alias else (),
            )
            assert done.behind == {}
            assert done.version not in self.deleted
            self.published[done.version] = files

    @rule(version=versions, alias=st.sampled_from(ALIASES), fuse=fuses, carried_out=st.booleans())
    def move(self, version: int, alias: str, fuse: int | None, carried_out: bool) -> None:
        with self.process(fuse, carried_out) as clouds:
            pointed(clouds, alias, version, state=self.folder / "one")
            assert version not in self.deleted

    @rule(version=versions, fuse=fuses, carried_out=st.booleans())
    def delete(self, version: int, fuse: int | None, carried_out: bool) -> None:
        key = f"models/penguins/deleted/{version:08d}.json"
        with self.process(fuse, carried_out) as clouds:
            self.delete_now(clouds, version)
        record = contents(self.clouds[0]).get(key)
        if record is not None and b'"claim":true' not in record:
            self.deleted.add(version)
            self.published.pop(version, None)

    def delete_now(self, clouds: list[Cloud], version: int) -> None:
        behind = deleted(clouds, version, state=self.folder / "two").behind
        for error in behind.values():
            # A publish that died, for good, left an alias that only the home can have.
            assert "is not there, so" in str(error)

    @rule(fuse=fuses, carried_out=st.booleans())
    def collect(self, fuse: int | None, carried_out: bool) -> None:
        with self.process(fuse, carried_out) as clouds:
            collected(clouds)

    @rule(days=st.sampled_from([1, 7, 8, 15]))
    def wait(self, days: int) -> None:
        self.clock.advance(days * DAY)

    @invariant()
    def nothing_is_lost(self) -> None:
        for cloud in self.clouds:
            objects = contents(cloud)
            if not objects:
                continue
            audit(objects)
            there = versions_of(objects)
            for number, files in self.published.items():
                assert there[number] == files, f"{cloud.name} lost {number}"
            for number, files in there.items():
                assert self.numbers.setdefault(number, files) == files, "a number was given twice"

    def teardown(self) -> None:
        try:
            if "deployer.json" in contents(self.clouds[0]):
                self.finish()
        finally:
            self.stack.close()

    def finish(self) -> None:
        """Two collections, in peace, leave what is needed and nothing else."""
        push(self.clouds, self.folder_with({"end": b"."}), state=self.folder / "one")
        for number in self.deleted:
            self.delete_now(self.clouds, number)
        for _ in range(2):
            self.clock.advance(AGE)
            collected(self.clouds)
        self.nothing_is_lost()
        for cloud in self.clouds:
            assert garbage(contents(cloud)) == set()
            for number, files in self.published.items():
                assert pull_files(cloud, Reference("penguins", version=number)) == files


def check(make: Make, *, examples: int, steps: int, number: int | None = None) -> None:
    """Run the machine; the same sequences each time, so that a failure is never a surprise."""
    machine: Any = type("Bound", (Registry,), {"make": staticmethod(make)})
    if number is not None:
        machine = seed(number)(machine)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=number is None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_any_sequence_in_memory() -> None:
    check(in_memory, examples=25, steps=25)


def test_any_sequence_on_the_strict_fake() -> None:
    check(on_strict_fake, examples=3, steps=10)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("number", [1, 2])
def test_many_sequences_in_memory(number: int) -> None:
    check(in_memory, examples=100, steps=50, number=number)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_many_sequences_on_the_strict_fake() -> None:
    check(on_strict_fake, examples=20, steps=30, number=5)
