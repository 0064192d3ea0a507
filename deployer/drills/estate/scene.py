"""Everything that a step of a drill can reach."""

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployer.drills.estate.clouds import DrillClouds
from deployer.drills.estate.commands import Commands, Done
from deployer.drills.estate.processes import Service
from deployer.drills.evidence.recorder import Recorder
from deployer.drills.evidence.records import Integrity
from deployer.drills.proxy.client import FaultProxy
from deployer.errors import UsageError

if TYPE_CHECKING:
    from deployer.drills.load.client import LoadGenerator
    from deployer.drills.scenario.model import Scenario

__all__ = ["MODEL", "Fault", "Scene"]

MODEL = "drill"
"""What the model of every drill is called in the registry."""

POLL = 0.05


@dataclass
class Fault:
    """Something that is broken now, and how to mend it."""

    name: str
    target: str
    undo: Callable[[], None]


@dataclass
class Scene:
    """The estate of one drill while it runs.

    Attributes:
        scenario: that is played.
        folder: of the evidence.
        work: where commands run.
        recorder: the diary.
        commands: run deployer.
        proxy: the fault proxy.
        clouds: emulated.
        services: ``endpoint:NAME`` and ``router``, by name.
        packages: model directories of the versions, the first is version 1.
        digests: of the versions that were published, by ``model:version``.
        router_url: where clients send requests; "" without a router.
        key: of the API.
        load: what asks all the time; None without a router.
        proxied: endpoints that have a port of the fault proxy: name → port.
        accepted: digests of the versions whose answers are right.
        notes: what steps remember for later steps.
        model: what the model is called by those who serve it.
        urls: of endpoints that are no processes of ours, by target.
        audit: reads what the clouds hold; None for the emulators, whole.

    """

    scenario: "Scenario"
    folder: Path
    work: Path
    recorder: Recorder
    commands: Commands
    proxy: FaultProxy
    clouds: DrillClouds
    services: dict[str, Service] = field(default_factory=dict)
    packages: list[Path] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    router_url: str = ""
    key: str = ""
    load: "LoadGenerator | None" = None
    proxied: dict[str, int] = field(default_factory=dict)
    accepted: list[str] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)
    model: str = MODEL
    urls: dict[str, str] = field(default_factory=dict)
    audit: Callable[[], Integrity] | None = None

    def begin_fault(
        self, label: str, name: str, target: str, undo: Callable[[], None], **detail: Any
    ) -> None:
        """Note that something is broken from now on.

        Args:
            label: what a later ``mend`` calls it.
            name: for people.
            target: what is broken.
            undo: mends it; called once, by ``mend``, before the recovery or at the rollback.
            detail: for programs.

        """
        if label in self.faults:
            raise UsageError(f"two faults are called {label!r}", hint="give one another label")
        self.faults[label] = Fault(name, target, undo)
        self.recorder.note("fault", name, target=target, **detail)

    def mend(self, label: str) -> None:
        """End a fault.

        Raises:
            UsageError: there is none of that label.

        """
        fault = self.faults.pop(label, None)
        if fault is None:
            raise UsageError(f"no fault is called {label!r}", hint="look at the labels before it")
        fault.undo()
        self.recorder.note("mended", fault.name, target=fault.target)

    def is_mended(self, target: str) -> None:
        """Note that a killed process was started again by a step of the scenario itself."""
        fault = self.faults.pop(target, None)
        if fault is not None:
            self.recorder.note("mended", fault.name, target=fault.target)

    def accept(self, *versions: int) -> None:
        """Note that answers of these versions are right, from now on.

        Raises:
            UsageError: one is not published.

        """
        for number in versions:
            digest = self.digests.get(f"{MODEL}:{number}")
            if digest is None:
                raise UsageError(
                    f"version {number} is not published", hint="publish it in an earlier step"
                )
            self.accepted.append(digest)
        self.recorder.note("accepted", ", ".join(map(str, versions)), digests=[*self.accepted])

    def check(self, name: str, ok: bool, *, expected: object, seen: object) -> bool:
        """Note whether something holds that must."""
        self.recorder.note("check", name, bool(ok), expected=expected, seen=seen)
        return bool(ok)

    def until(self, condition: Callable[[], bool], within: float) -> bool:
        """Wait until `condition` holds, `within` seconds at most; return whether it does."""
        end = time.monotonic() + within
        while True:
            with contextlib.suppress(OSError):
                if condition():
                    return True
            if time.monotonic() > end or self.stop.wait(POLL):
                return False

    def run(self, *arguments: str, **options: Any) -> Done:
        """Run a command of deployer; see :class:`Commands`. An acknowledged publish is noted."""
        done = self.commands.run(arguments, **options)
        self.note_publish(done)
        return done

    def note_publish(self, done: Done) -> None:
        """Note a publish that was acknowledged: its command ended well, on all or enough clouds."""
        document = done.document
        if done.argv[:1] != ("push",) or done.code not in (0, 10) or not isinstance(document, dict):
            return
        if "manifest" not in document:
            return
        name = f"{document['model']}:{document['version']}"
        digest = str(document["manifest"]).removeprefix("sha256:")
        there = document["clouds"].keys() - (document.get("behind") or {}).keys()
        self.digests[name] = digest
        self.recorder.note(
            "published",
            name,
            model=document["model"],
            version=document["version"],
            digest=digest,
            clouds=[each for each in self.clouds.names if each in there],
        )

    def url(self, target: str) -> str:
        """Return the address of the router or an endpoint.

        Raises:
            UsageError: there is none.

        """
        if target == "router":
            return self.router_url
        return self.urls.get(target) or str(self.service(target).ready["url"])

    def service(self, target: str) -> Service:
        """Return a process by its target, such as ``endpoint:primary`` or ``router``.

        Raises:
            UsageError: there is none.

        """
        if target not in self.services:
            known = ", ".join(sorted(self.services)) or "none"
            raise UsageError(f"no process is called {target!r}", hint=f"there are: {known}")
        return self.services[target]

    def machine(self, name: str) -> dict[str, str]:
        """Return the variables of a machine of its own: no state and no cache is shared."""
        home = self.work / "machines" / name
        return {"XDG_STATE_HOME": str(home / "state"), "XDG_CACHE_HOME": str(home / "cache")}

    def text(self, template: str) -> str:
        """Put the scene's values into a scenario's text: ``{work}``, ``{package:2}``, ``{digest:1}``."""
        result = template.replace("{work}", str(self.work)).replace("{model}", MODEL)
        result = result.replace("{router}", self.router_url)
        for number, folder in enumerate(self.packages, 1):
            result = result.replace(f"{{package:{number}}}", str(folder))
        for name, digest in self.digests.items():
            result = result.replace(f"{{digest:{name.removeprefix(f'{MODEL}:')}}}", digest)
        for name, value in self.notes.items():
            if isinstance(value, str):
                result = result.replace(f"{{{name}}}", value)
        return result
