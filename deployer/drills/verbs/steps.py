"""A verb that kills a publish at each of its requests, one after another."""

import itertools
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Literal, TypeAlias

from deployer.drills.estate.crashing import Crash, Lane
from deployer.drills.estate.watcher import Watcher
from deployer.drills.verbs.base import Verb

if TYPE_CHECKING:
    from deployer.drills.estate.scene import Scene

__all__ = ["KillEvery"]

When: TypeAlias = Literal["before", "after"]

_KINDS: dict[When, str] = {"before": "requests", "after": "answered writes"}
_WORDS: dict[When, str] = {
    "before": "before it arrives",
    "after": "before the answer arrives",
}


class KillEvery(Verb, frozen=True, kw_only=True, tag="kill-every"):
    """Kill a push (SIGKILL) at its first request to a store, another one at its second, and so on.

    Each push is of a model of its own, two small files, to all clouds. The same command is run
    again and must finish it: version 1, nothing behind. All the while readers look at every cloud
    and must never see half a version. It ends when a push has no such request any more.

    Attributes:
        at: ``store:CLOUD`` whose requests are counted, one store after another.
        when: killed before the store gets the request; or once the store has carried it out and
            before its answer comes, at requests that write; the one after the other.
        least: requests that a push must have had to each store.
        stride: 1 for every request, 2 for every other one, from the first.
        lanes: pushes at the same time, each with ports of the fault proxy of its own.

    """

    at: tuple[str, ...] = ("store:aws",)
    when: tuple[When, ...] = ("before",)
    least: int = 10
    stride: int = 1
    lanes: int = 2

    def __post_init__(self) -> None:
        """Refuse what kills nothing, or never ends."""
        if not (self.at and self.when):
            raise ValueError("nothing is to be killed: `at` or `when` is empty")
        if min(self.stride, self.lanes) < 1:
            raise ValueError("`stride` and `lanes` are 1 or more")

    def act(self, scene: "Scene") -> None:
        """Kill and finish."""
        with ExitStack() as stack:
            lanes = [
                stack.enter_context(Lane.opened(scene, str(number)))
                for number in range(1, self.lanes + 1)
            ]
            watcher = stack.enter_context(Watcher(scene.clouds))
            for target, when in itertools.product(self.at, self.when):
                self._all_of(scene, lanes, target, when)
            seen = _waited(scene, watcher)
        scene.check(
            "nobody sees half a version, or one that goes away again",
            not watcher.wrong and all(watcher.looks.values()),
            expected=[],
            seen=watcher.wrong[:5] or watcher.looks,
        )
        scene.check(
            "every version that was finished is seen on every cloud",
            seen,
            expected="all",
            seen={name: len(found) for name, found in watcher.versions.items()},
        )
        _at_rest(scene)

    def _all_of(self, scene: "Scene", lanes: Sequence[Lane], target: str, when: When) -> None:
        which = "each" if self.stride == 1 else f"one in {self.stride}"
        scene.recorder.note(
            "fault",
            f"a push is killed at {which} of its {_KINDS[when]} to {target}, {_WORDS[when]}",
            target=target,
        )
        numbers = itertools.count(1, self.stride)
        through = threading.Event()

        def kill(lane: Lane) -> list[tuple[bool, list[str]]]:
            found = []
            while not (through.is_set() or scene.stop.is_set()):
                crash = Crash(target, next(numbers), when)
                found.append(crash.play(lane))
                if not found[-1][0]:
                    through.set()
            return found

        with ThreadPoolExecutor(len(lanes)) as pool:
            played = [each for found in pool.map(kill, lanes) for each in found]
        wrong = [said for _, each in played for said in each]
        killed = sum(was for was, _ in played)
        scene.check(
            f"a push killed at any of its {_KINDS[when]} to {target} is finished by the same command",
            not wrong and killed >= self.least,
            expected={"requests": f"{self.least} or more", "wrong": []},
            seen={"requests": killed, "wrong": wrong[:5]},
        )


def _waited(scene: "Scene", watcher: Watcher) -> bool:
    """Wait until the readers have seen whatever was published."""
    wanted = {name for name in scene.digests if not name.startswith("drill:")}
    return scene.until(lambda: all(wanted <= each for each in watcher.versions.values()), 30)


def _at_rest(scene: "Scene") -> None:
    """Look for what a crash may leave: intents, and moves of aliases that were made twice."""
    for cloud in scene.clouds:
        keys = [meta.key for meta in cloud.store.list()]
        intents = [key for key in keys if key.startswith("txn/")]
        moves = [key for key in keys if ".log/" in key and not key.endswith("/00000001.json")]
        scene.check(
            f"{cloud.name} holds no unfinished publish and no alias that moved twice",
            not intents and not moves,
            expected=[],
            seen=[*intents, *moves][:5],
        )
    left = [path.name for path in scene.work.glob("state/deployer/publish/*.json")]
    scene.check("no publish is remembered as unfinished", not left, expected=[], seen=left)
