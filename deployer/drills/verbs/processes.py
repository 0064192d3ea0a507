"""Verbs about processes: servers, the router, emulators."""

import re
from typing import TYPE_CHECKING

import msgspec

from deployer.drills.verbs.base import Verb, must_be_patterns
from deployer.emulators import start
from deployer.emulators.process import poll_until
from deployer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployer.drills.estate.scene import Scene

__all__ = ["Freeze", "Kill", "Lose", "Start"]


class _Halt(Verb, frozen=True, kw_only=True):
    target: str
    label: str = ""

    def begin(self, scene: "Scene", done: str, undo: "Callable[[], None]") -> None:
        """Note the fault; before it happens, for until it is over requests may fail already."""
        scene.begin_fault(self.label or self.target, f"{self.target} is {done}", self.target, undo)


class Kill(_Halt, frozen=True, kw_only=True, tag="kill"):
    """Kill a process and its children at once (SIGKILL); mending starts it again.

    Attributes:
        target: ``endpoint:NAME`` or ``router``.
        label: what a later ``mend`` calls it; default is the target.

    """

    def act(self, scene: "Scene") -> None:
        """Kill it."""
        service = scene.service(self.target)
        self.begin(scene, "killed", service.start)
        service.kill()


class Freeze(_Halt, frozen=True, kw_only=True, tag="freeze"):
    """Stop a process and its children where they are (SIGSTOP); mending lets them go on.

    Attributes:
        target: ``endpoint:NAME`` or ``router``.
        label: what a later ``mend`` calls it; default is the target.

    """

    def act(self, scene: "Scene") -> None:
        """Freeze it."""
        service = scene.service(self.target)
        self.begin(scene, "frozen", service.thaw)
        service.freeze()


class Start(Verb, frozen=True, kw_only=True, tag="start"):
    """Start a process that is not running: an endpoint kept aside, or one killed before.

    Attributes:
        target: ``endpoint:NAME`` or ``router``.
        refused: it must refuse to start; its last words must hold this regular expression.
        variables: of its environment, this time only.
        within: seconds that it has.

    """

    target: str
    refused: str = ""
    variables: dict[str, str] = msgspec.field(default_factory=dict)
    within: float = 60.0

    def __post_init__(self) -> None:
        """Refuse what nobody's last words can be."""
        must_be_patterns(self.refused)

    def act(self, scene: "Scene") -> None:
        """Start it."""
        service = scene.service(self.target)
        if service.alive:
            raise UsageError(f"{self.target} runs already", hint="kill it first")
        service.begin({name: scene.text(value) for name, value in self.variables.items()})
        if not self.refused:
            service.finish(self.within)
            scene.is_mended(self.target)
            return
        poll_until(lambda: not service.alive or service.said_ready(), self.within)
        said = service.last_words
        service.drop()
        scene.check(
            f"{self.target} refuses to start",
            bool(re.search(self.refused, said)) and not service.ready,
            expected=self.refused,
            seen=said,
        )


class Lose(Verb, frozen=True, kw_only=True, tag="lose"):
    """Lose a cloud's store: the emulator is killed with all that it held.

    Mending gives a new, empty one at the same address, as an account that was made anew.

    Attributes:
        cloud: which.
        label: what a later ``mend`` calls it; default is ``store:CLOUD``.

    """

    cloud: str
    label: str = ""

    def act(self, scene: "Scene") -> None:
        """Kill the emulator."""
        cloud = scene.clouds[self.cloud]
        server = cloud.server
        target = f"store:{self.cloud}"

        def again() -> None:
            server.stop()
            cloud.server = start(server.record.engine, port=server.port)

        scene.begin_fault(
            self.label or target, f"the store of {self.cloud} and all in it is gone", target, again
        )
        server.kill()
