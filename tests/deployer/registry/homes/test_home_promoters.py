"""Two promotions at the same time, the second in the middle of the first, at each of its requests."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deployer.errors import DeployerError
from deployer.registry.format.records import encode
from deployer.registry.homes.promotion import Claim, Promoted
from providers.errors import StoreError
from tests.deployer.registry.home_kit import Outage, joined, make_home, marker, objects
from tests.deployer.registry.registry_kit import (
    NAMES,
    folder_of,
    push,
    strict_cloud,
    strict_clouds,
    strict_environment,
)
from tests.fakes import StrictCloud
from tests.fakes.wire import Request

STEP = 3  # of the quick variant: every third request


class Pause:
    """Holds the nth request of all until told otherwise."""

    def __init__(self, cloud: StrictCloud, nth: int) -> None:
        self.nth = nth
        self.count = 0
        self.lock = threading.Lock()
        self.reached = threading.Event()
        self.go = threading.Event()
        self.armed = False
        cloud.on_request(self._hold)

    def _hold(self, request: Request) -> None:
        with self.lock:
            if not self.armed:
                return
            self.count += 1
            if self.count != self.nth:
                return
        self.reached.set()
        self.go.wait(60)


class Run:
    """A registry whose home may be away, and what two operators do to it."""

    def __init__(self, cloud: StrictCloud, folder: Path, *, lost: bool) -> None:
        self.cloud = cloud
        self.folder = folder
        self.outage = Outage(cloud)
        push(strict_clouds(), folder_of(folder / "model", {"a": b"1"}), state=folder / "state")
        self.outage.down = {"aws"} if lost else set()

    def promote(self, name: str, who: str) -> Promoted | Exception:
        try:
            return make_home(strict_clouds(), name, self.folder / who)
        except (DeployerError, StoreError) as error:
            return error

    def homes(self) -> dict[int, set[str]]:
        """Return for each epoch the stores that take themselves for its home."""
        found: dict[int, set[str]] = {}
        for name in NAMES:
            own = marker(objects(self.cloud, name))
            if own["home"] == own["store"]:
                found.setdefault(own["epoch"], set()).add(name)
        return found

    def check(self, outcomes: list[Promoted | Exception]) -> None:
        won = [each for each in outcomes if isinstance(each, Promoted)]
        assert len({(each.epoch, each.home) for each in won}) == len({each.epoch for each in won})
        assert all(len(homes) == 1 for homes in self.homes().values())
        # Whatever happened, running one of them again ends it.
        self.outage.down = set()
        last = self.promote("gcp", "first")
        if not isinstance(last, Promoted):
            last = self.promote("azure", "second")
        assert isinstance(last, Promoted), last
        registry = joined(strict_clouds(), self.folder / "anybody")
        assert (registry.home.name, registry.epoch) == (last.home, last.epoch)
        assert registry.epoch <= 4
        root = folder_of(self.folder / "next", {"a": b"2"})
        published = push(strict_clouds(), root, state=self.folder / "anybody", require=2)
        assert (published.version, published.home) == (2, last.home)


def requests_of_one(folder: Path, monkeypatch: pytest.MonkeyPatch, *, lost: bool) -> int:
    with strict_cloud() as cloud:
        enter(cloud, monkeypatch)
        run = Run(cloud, folder, lost=lost)
        pause = Pause(cloud, 0)
        pause.armed = True
        assert isinstance(run.promote("gcp", "first"), Promoted)
        return pause.count


def enter(cloud: StrictCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in strict_environment(cloud).items():
        monkeypatch.setenv(name, value)


def interleave(
    folder: Path, monkeypatch: pytest.MonkeyPatch, nth: int, second: str, *, lost: bool
) -> list[Promoted | Exception]:
    with strict_cloud() as cloud:
        enter(cloud, monkeypatch)
        run = Run(cloud, folder, lost=lost)
        pause = Pause(cloud, nth)
        with ThreadPoolExecutor(1) as pool:
            pause.armed = True
            first = pool.submit(run.promote, "gcp", "first")
            if pause.reached.wait(20):
                pause.armed = False
                outcomes = [run.promote(second, "second")]
            else:
                outcomes = []
            pause.go.set()
            outcomes.insert(0, first.result(60))
        run.check(outcomes)
    return outcomes


def sweep(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: int, second: str, *, lost: bool
) -> list[list[Promoted | Exception]]:
    total = requests_of_one(folder / "alone", monkeypatch, lost=lost)
    assert total > 12
    return [
        interleave(folder / str(nth), monkeypatch, nth, second, lost=lost)
        for nth in range(1, total + 1, step)
    ]


@pytest.mark.parametrize("lost", [False, True], ids=["handing-over", "home-lost"])
def test_for_two_clouds_at_some_requests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    seen = sweep(tmp_path, monkeypatch, STEP, "azure", lost=lost)
    first = {isinstance(one, Promoted) for one, _ in seen}
    second = {isinstance(other, Promoted) for _, other in seen}
    assert first == second == {True, False}, "the sweep has missed a side"


@pytest.mark.parametrize("lost", [False, True], ids=["handing-over", "home-lost"])
def test_for_the_same_cloud_at_some_requests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    for outcomes in sweep(tmp_path, monkeypatch, STEP, "gcp", lost=lost):
        assert [each.epoch for each in outcomes if isinstance(each, Promoted)] == [2, 2], outcomes


@pytest.mark.slow
@pytest.mark.parametrize("second", ["azure", "gcp"])
@pytest.mark.parametrize("lost", [False, True], ids=["handing-over", "home-lost"])
def test_at_every_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, second: str, lost: bool
) -> None:
    assert len(sweep(tmp_path, monkeypatch, 1, second, lost=lost)) > 10


def claim(run: Run, on: str, wanted: str) -> None:
    """Claim the second epoch for a cloud on one store, as a promoter leaves it who dies."""
    own = marker(objects(run.cloud, wanted))
    said = Claim(
        format=1,
        registry=own["registry"],
        epoch=2,
        home=own["store"],
        at="2026-11-22T15:10:28Z",
        by="somebody@somewhere",
    )
    strict_clouds(on)[0].store.put("epochs/00000002.json", encode(said), mode="create")


def test_a_claim_stands_as_long_as_its_cloud_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with strict_cloud() as cloud:
        enter(cloud, monkeypatch)
        run = Run(cloud, tmp_path, lost=False)
        claim(run, "aws", "gcp")
        assert "somebody makes gcp the home of epoch 2" in str(run.promote("azure", "second"))
        run.outage.down = {"gcp"}
        done = run.promote("azure", "second")
        assert isinstance(done, Promoted), done
        assert done.epoch == 3
        run.outage.down = set()
        registry = joined(strict_clouds(), tmp_path / "third")
        assert (registry.home.name, registry.epoch, registry.failed) == ("azure", 3, {})


def test_its_own_claim_is_taken_up_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with strict_cloud() as cloud:
        enter(cloud, monkeypatch)
        run = Run(cloud, tmp_path, lost=False)
        claim(run, "azure", "gcp")
        done = run.promote("gcp", "first")
        assert isinstance(done, Promoted), done
        assert done.epoch == 2


def test_claims_that_have_met_are_both_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each promoter reached the other store first, so both have stopped."""
    with strict_cloud() as cloud:
        enter(cloud, monkeypatch)
        run = Run(cloud, tmp_path, lost=True)
        claim(run, "azure", "gcp")
        claim(run, "gcp", "azure")
        done = run.promote("gcp", "first")
        assert isinstance(done, Promoted), done
        assert done.epoch == 3
        run.check([done])
