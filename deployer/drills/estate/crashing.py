"""Pushes that die at one of their requests, each of a model of its own, a few at the same time."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from deployer.drills.estate.clouds import one_more_way
from deployer.drills.estate.warm import Host, Job
from deployer.drills.proxy.rules import Match, Rule

if TYPE_CHECKING:
    from deployer.drills.estate.scene import Scene

__all__ = ["Crash", "Lane"]

_STUCK = 60.0  # seconds that a push of two small files may take on a busy machine
_LOOK = 0.02
_WRITING = Match(methods=("PUT", "POST", "PATCH", "DELETE"))


@dataclass(frozen=True)
class Lane:
    """Where one push runs after another, with ports of the fault proxy that no other lane uses.

    So the requests of one push are counted apart from those of all others.
    """

    scene: "Scene"
    host: Host
    listeners: dict[str, str]

    @classmethod
    @contextmanager
    def opened(cls, scene: "Scene", name: str) -> Iterator["Lane"]:
        """Open one; its name must be its own."""
        variables: dict[str, str] = {}
        listeners = {}
        for cloud in scene.clouds:
            listener = f"store:{cloud.name}/{name}"
            variables |= one_more_way(cloud, scene.proxy, listener).environment()
            listeners[f"store:{cloud.name}"] = listener
        with Host(scene.commands.variables(variables)) as host:
            yield cls(scene, host, listeners)


@dataclass(frozen=True)
class Crash:
    """A push that is killed at a request.

    Attributes:
        target: ``store:CLOUD`` whose requests are counted.
        nth: which of them, from 1.
        when: before the store gets the request; or after it has answered, and the answer never
            arrives: then only requests that write are counted, since the others change nothing.

    """

    target: str
    nth: int
    when: Literal["before", "after"]

    @property
    def model(self) -> str:
        """What is pushed is called so."""
        return f"{self.target.partition(':')[2]}-{self.when}-{self.nth:02d}"

    def play(self, lane: Lane) -> tuple[bool, list[str]]:
        """Push and kill, and push again what was killed.

        Returns:
            whether there was such a request to be killed at, and what went wrong.

        """
        folder = lane.scene.work / "steps" / self.model
        _write(folder / "model", self.model)
        killed, first = self._killed(lane, folder)
        wrong = [first]
        if killed:
            again = self._started(lane, folder, "again")
            wrong.append(self._judged(lane, again, again.wait()))
        return killed, [f"request {self.nth}: {each}" for each in wrong if each]

    def _killed(self, lane: Lane, folder: Path) -> tuple[bool, str]:
        proxy = lane.scene.proxy
        after = self.when == "after"
        match = _WRITING if after else Match()
        rule = Rule(effect="hold", match=match, skip=self.nth - 1, times=1, after=after)
        number = proxy.add(lane.listeners[self.target], rule, first=True)
        job = self._started(lane, folder, "first")
        until = time.monotonic() + _STUCK
        there = False
        while not (there or job.ended()) and time.monotonic() < until:
            there = proxy.wait_hits(number, 1, _LOOK)
        killed = not job.ended()
        if killed:
            os.kill(job.pid, signal.SIGKILL)
        code = job.wait()
        proxy.remove(number)
        if not killed:
            return False, self._judged(lane, job, code)
        if not there:
            return False, f"{self.model} came neither to it nor to its end in {_STUCK:g} s"
        return True, "" if code == -signal.SIGKILL else f"ended with {code}: {job.stderr}"

    def _started(self, lane: Lane, folder: Path, which: str) -> Job:
        place = folder / which
        place.mkdir(parents=True)
        (place / "model").symlink_to(folder / "model")
        arguments = ["push", "model", f"{self.model}:champion", "-o", "json"]
        return lane.host.start(arguments, {}, place)

    def _judged(self, lane: Lane, job: Job, code: int) -> str:
        """Note the publish that was acknowledged, or return what is wrong with it."""
        if code:
            return f"{self.model} ended with {code}: {job.stderr.strip() or job.stdout.strip()}"
        said = json.loads(job.stdout)
        if (said["version"], said["behind"]) != (1, {}):
            return f"{self.model}: version {said['version']}, behind: {said['behind']}"
        scene = lane.scene
        digest = str(said["manifest"]).removeprefix("sha256:")
        scene.digests[f"{self.model}:1"] = digest
        scene.recorder.note(
            "published",
            f"{self.model}:1",
            model=self.model,
            version=1,
            digest=digest,
            clouds=scene.clouds.names,
        )
        return ""


def _write(folder: Path, text: str) -> None:
    (folder / "sub").mkdir(parents=True)
    (folder / "weights.bin").write_text(f"weights of {text}", encoding="utf-8")
    (folder / "sub" / "notes.txt").write_text(f"notes of {text}", encoding="utf-8")
