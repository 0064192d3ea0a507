"""Verbs about two who meet: a command that is held, or kept waiting, while others run."""

from typing import TYPE_CHECKING, Any

import msgspec

from deployer.drills.proxy.rules import Match, Rule
from deployer.drills.verbs.base import Verb, must_be_patterns
from deployer.drills.verbs.commands import judge, must_have_words, prepared
from deployer.drills.verbs.network import listener_of, meets
from deployer.errors import UsageError
from deployer.registry.cloud import Cloud
from deployer.registry.publishing.sweeps import Lease, server_time

if TYPE_CHECKING:
    from deployer.drills.estate.scene import Scene

__all__ = ["Begin", "Collector", "Finish"]


class Begin(Verb, frozen=True, kw_only=True, tag="begin"):
    """Start a command of deployer and go on while it runs; ``finish`` waits for its end.

    Attributes:
        label: what ``finish`` calls it.
        command: as in ``run``.
        request: a request that it makes.
        at: ``store:CLOUD`` whose requests these are.
        nth: the how manieth such request is waited for.
        held: that request gets no further until ``finish``; else the command is only watched.
        skew: as in ``run``.
        within: seconds until that request must have come.

    """

    label: str
    command: tuple[str, ...]
    request: Match
    at: str = "store:aws"
    nth: int = 1
    held: bool = True
    skew: float = 0.0
    within: float = 60.0

    def __post_init__(self) -> None:
        """Refuse what can never be run."""
        must_have_words(self.command)

    def act(self, scene: "Scene") -> None:
        """Start it, and wait until it is there."""
        if self.held:
            rule = Rule(effect="hold", match=self.request, skip=self.nth - 1, times=1)
        else:
            rule = Rule(effect="latency", match=self.request)  # of no seconds: it counts them
        number = scene.proxy.add(listener_of(scene, self.at), rule, first=True)
        arguments = prepared(scene, self.command, parsed=False)
        running = scene.commands.start(arguments, skew=self.skew)
        scene.notes[f"begun {self.label}"] = (running, number)
        wanted = 1 if self.held else self.nth
        there = meets(scene, running, [number], self.within, hits=wanted)
        how = "is under way" if self.held else "waits"
        scene.check(
            f"deployer {' '.join(arguments)} {how}",
            there,
            expected={"requests": wanted, "ended": None},
            seen={"requests": scene.proxy.hits(number), "ended": running.process.poll()},
        )


class Finish(Verb, frozen=True, kw_only=True, tag="finish"):
    """Let a command go on that was begun, and look at its end.

    Attributes:
        label: of its ``begin``.
        exit: as in ``run``.
        says: as in ``run``.
        answers: as in ``run``; the command must then have ``-o json``, which a push always has.
        within: seconds that it may still take.

    """

    label: str
    exit: tuple[int, ...] = (0,)
    says: str = ""
    answers: dict[str, Any] = msgspec.field(default_factory=dict)
    within: float = 120.0

    def __post_init__(self) -> None:
        """Refuse what can never be said."""
        must_be_patterns(self.says)

    def act(self, scene: "Scene") -> None:
        """Wait for it."""
        begun = scene.notes.pop(f"begun {self.label}", None)
        if begun is None:
            raise UsageError(f"nothing was begun as {self.label!r}", hint="begin it earlier")
        running, number = begun
        scene.proxy.release(number)
        done = running.wait(self.within)
        scene.proxy.remove(number)
        scene.note_publish(done)
        judge(scene, done, self.exit, says=self.says, answers=self.answers)


class Collector(Verb, frozen=True, kw_only=True, tag="collector"):
    """A collector of garbage is at work on a cloud until ``mend``: publishers wait for its end.

    Attributes:
        cloud: which.
        label: what ``mend`` calls it.

    """

    cloud: str
    label: str = "collector"

    def act(self, scene: "Scene") -> None:
        """Take the lease that a collector takes before it removes anything."""
        cloud = Cloud(self.cloud, scene.clouds[self.cloud].store)
        lease = Lease(cloud, server_time(cloud))
        scene.begin_fault(
            self.label, f"garbage is collected on {self.cloud}", f"store:{self.cloud}", lease.end
        )
