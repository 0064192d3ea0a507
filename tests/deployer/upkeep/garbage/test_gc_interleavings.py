"""A collection and a publish of what it is about to remove, at every point of each other.

One of the two is held at one of its requests, before it is carried out or after, while the other
runs to its end or until it waits. Whatever happens, the version is whole.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

import pytest

from deployer.registry.cloud import Cloud
from deployer.registry.publishing import sweeps
from deployer.registry.publishing.publish import Published
from deployer.upkeep.garbage.collect import Collected
from tests.deployer.registry.registry_kit import (
    BUCKET,
    DIALECTS,
    NAMES,
    audit,
    folder_of,
    push,
    strict_cloud,
    strict_clouds,
    strict_environment,
)
from tests.deployer.upkeep.gc_kit import AGE, Clock, Hold, collected, deleted, garbage, versions_of
from tests.fakes import StrictCloud
from tests.fakes.wire import Request

TIMEOUT = 60
STEP = 6  # of the quick variant: every sixth request
OLD = {"a": b"1", "b": b"2", "all": b"."}
NEW = {"c": b"3", "all": b"."}


class Scene:
    """One cloud on which the content of a deleted version may be removed from now on."""

    def __init__(self, strict: StrictCloud, clock: Clock, folder: Path, name: str) -> None:
        self.strict = strict
        self.clock = clock
        self.folder = folder
        self.dialect = DIALECTS[name]
        self.clouds = strict_clouds(name)
        self.state = folder / "state"
        for number, files in enumerate((OLD, NEW)):
            push(self.clouds, folder_of(folder / str(number), files), state=self.state)
        deleted(self.clouds, 1, state=self.state)
        collected(self.clouds)
        clock.advance(AGE)
        assert len(garbage(self.objects)) == 4  # two blobs, a manifest, a tombstone
        self.seen_wrong: list[str] = []
        strict.on_response(lambda *_: self.look())

    def look(self) -> None:
        """Check that a reader, now, finds only what is whole."""
        try:
            audit(self.objects)
        except (AssertionError, KeyError) as error:
            self.seen_wrong.append(repr(error))

    @property
    def objects(self) -> dict[str, bytes]:
        return self.strict.objects(self.dialect, BUCKET)

    def publish(self, cloud: Cloud) -> Published:
        return push([cloud], self.folder / "0", state=self.state)

    def collect(self, cloud: Cloud) -> Collected:
        return collected([cloud])[0]

    def check(self) -> None:
        """What was published is there, now and after more collections."""
        for _ in range(3):
            audit(self.objects)
            assert versions_of(self.objects) == {2: NEW, 3: OLD}
            self.clock.advance(AGE)
            collected(self.clouds)
        assert garbage(self.objects) == set()
        assert self.seen_wrong == []


@contextmanager
def scene(folder: Path, name: str) -> Iterator[Scene]:
    with strict_cloud() as strict, pytest.MonkeyPatch.context() as patch:
        for variable, value in strict_environment(strict).items():
            patch.setenv(variable, value)
        patch.setattr(sweeps, "POLLS", (0.01,))
        clock = Clock()
        clock.rule(strict)
        made = Scene(strict, clock, folder, name)
        yield made
        for cloud in made.clouds:
            cloud.store.close()


Act = Callable[[Scene, Cloud], object]


def waiting(made: Scene) -> Callable[[], bool]:
    """Return what tells whether a publisher has looked at a sweep again and again from now on."""
    looks: list[Request] = []

    def note(request: Request) -> None:
        if request.key == "gc/sweep.json" and request.method == "GET":
            looks.append(request)

    made.strict.on_request(note)
    return lambda: len(looks) > 2


def run(folder: Path, name: str, held: Act, other: Act, nth: int, *, carried_out: bool) -> bool:
    """Hold the nth request of one act for the time of the other; return whether there is one."""
    with scene(folder, name) as made, ThreadPoolExecutor(2) as pool:
        cloud, others = strict_clouds(name)[0], strict_clouds(name)[0]
        hold = Hold(made.strict, nth, carried_out=carried_out)
        first = pool.submit(held, made, cloud)
        while not hold.reached.is_set() and not first.done():
            hold.reached.wait(0.002)
        reached = hold.reached.is_set()
        if not reached:
            hold.go.set()  # it would be a request of the other
        is_waiting = waiting(made)
        second = pool.submit(other, made, others)
        while reached and not second.done() and not is_waiting():
            wait([second], timeout=0.005)
        hold.go.set()
        _done(first)
        _done(second)
        made.check()
        cloud.store.close()
        others.store.close()
    return reached


def _done(future: "Future[object]") -> None:
    future.result(timeout=TIMEOUT)


def run_both_held(folder: Path, name: str, nth: int, *, carried_out: bool) -> bool:
    """Let a collection come up to its first removal while a publish is held, then let that go on."""
    with scene(folder, name) as made, ThreadPoolExecutor(2) as pool:
        cloud, others = strict_clouds(name)[0], strict_clouds(name)[0]
        publisher = Hold(made.strict, nth, carried_out=carried_out)
        first = pool.submit(made.publish, cloud)
        while not publisher.reached.is_set() and not first.done():
            publisher.reached.wait(0.002)
        reached = publisher.reached.is_set()
        if not reached:
            publisher.go.set()
        collector = Hold(made.strict, 1, carried_out=False, matching=_removes_a_blob)
        is_waiting = waiting(made)
        second = pool.submit(made.collect, others)
        while not collector.reached.is_set() and not second.done():
            collector.reached.wait(0.002)
        publisher.go.set()
        while not first.done() and not is_waiting():
            wait([first], timeout=0.005)
        collector.go.set()
        first.result(timeout=TIMEOUT)
        second.result(timeout=TIMEOUT)
        made.check()
        cloud.store.close()
        others.store.close()
    return reached


def _removes_a_blob(request: Request) -> bool:
    return request.method == "DELETE" and request.key.startswith("blobs/")


def sweep(folder: Path, name: str, held: Act, other: Act, step: int, least: int) -> None:
    nth = 1
    while True:
        reached = [
            run(folder / f"{nth}-{carried_out}", name, held, other, nth, carried_out=carried_out)
            for carried_out in ((True, False) if step == 1 else ((nth // step) % 2 == 0,))
        ]
        if not all(reached):
            break
        nth += step
    assert nth > least


def held_collection(folder: Path, name: str, step: int) -> None:
    sweep(folder, name, Scene.collect, Scene.publish, step, least=20)


def held_publish(folder: Path, name: str, step: int) -> None:
    sweep(folder, name, Scene.publish, Scene.collect, step, least=15)


def test_a_publish_within_a_collection(tmp_path: Path) -> None:
    held_collection(tmp_path, "aws", STEP)


def test_a_collection_within_a_publish(tmp_path: Path) -> None:
    held_publish(tmp_path, "aws", STEP)


@pytest.mark.parametrize("carried_out", [False, True])
@pytest.mark.parametrize("nth", [4, 5, 6, 7])
def test_a_publish_in_the_middle_of_which_removals_begin(
    tmp_path: Path, nth: int, carried_out: bool
) -> None:
    """From before its intent to after its look at what is going on."""
    assert run_both_held(tmp_path, "aws", nth, carried_out=carried_out)


def test_a_publish_that_ends_while_the_collection_marks(tmp_path: Path) -> None:
    """It looked before the collection began; its intent goes once its version is there."""
    with scene(tmp_path, "aws") as made, ThreadPoolExecutor(2) as pool:
        cloud, others = strict_clouds("aws")[0], strict_clouds("aws")[0]

        def hold(nth: int, operation: str, key: str) -> Hold:
            return Hold(
                made.strict,
                nth,
                carried_out=False,
                matching=lambda each: (each.operation, each.key) == (operation, key),
            )

        begin = hold(1, "PutObject", "gc/sweep.json")
        collecting = pool.submit(made.collect, cloud)
        assert begin.reached.wait(TIMEOUT)
        commit = hold(1, "PutObject", "models/penguins/versions/00000003.json")
        publishing = pool.submit(made.publish, others)
        assert commit.reached.wait(TIMEOUT)
        second_listing = hold(2, "ListObjectsV2", "")
        begin.go.set()
        assert second_listing.reached.wait(TIMEOUT)
        commit.go.set()
        publishing.result(timeout=TIMEOUT)
        second_listing.go.set()
        collecting.result(timeout=TIMEOUT)
        made.check()
        cloud.store.close()
        others.store.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_publish_in_which_removals_begin_at_every_request(tmp_path: Path, name: str) -> None:
    nth = 1
    while all(
        run_both_held(tmp_path / f"{nth}-{mode}", name, nth, carried_out=mode)
        for mode in (False, True)
    ):
        nth += 1
    assert nth > 15


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_publish_within_a_collection_at_every_request(tmp_path: Path, name: str) -> None:
    held_collection(tmp_path, name, 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_collection_within_a_publish_at_every_request(tmp_path: Path, name: str) -> None:
    held_publish(tmp_path, name, 1)
