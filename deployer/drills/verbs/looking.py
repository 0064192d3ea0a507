"""Verbs that wait and look: what clouds hold, and whether somebody has noticed what is broken."""

from typing import TYPE_CHECKING

from deployer.drills.estate.audit import contents, versions_in
from deployer.drills.estate.scene import MODEL
from deployer.drills.verbs.base import Looking

if TYPE_CHECKING:
    from deployer.drills.estate.scene import Scene

__all__ = ["Holds", "Noticed", "Observe"]


class Observe(Looking, frozen=True, kw_only=True, tag="observe"):
    """Let time pass under load.

    Attributes:
        seconds: how long.

    """

    seconds: float

    def act(self, scene: "Scene") -> None:
        """Wait; Ctrl-C ends it."""
        scene.stop.wait(self.seconds)


class Holds(Looking, frozen=True, kw_only=True, tag="holds"):
    """A cloud holds these versions wholly, and others not even in part that anybody could see.

    Attributes:
        clouds: which; default is all.
        versions: numbers that must be there.
        absent: numbers that must not.

    """

    clouds: tuple[str, ...] = ()
    versions: tuple[int, ...] = ()
    absent: tuple[int, ...] = ()

    def act(self, scene: "Scene") -> None:
        """Read the stores."""
        for name in self.clouds or scene.clouds.names:
            objects = contents(scene.clouds[name].store)
            whole = {int(each.rpartition(":")[2]) for each in versions_in(objects)}
            listed = {
                int(key.rpartition("/")[2].removesuffix(".json"))
                for key in objects
                if key.startswith(f"models/{MODEL}/versions/")
            }
            scene.check(
                f"{name} holds what it should",
                set(self.versions) <= whole and not set(self.absent) & listed,
                expected={"there": list(self.versions), "not there": list(self.absent)},
                seen={"whole": sorted(whole), "listed": sorted(listed)},
            )


class Noticed(Looking, frozen=True, kw_only=True, tag="noticed"):
    """Somebody has noticed what is broken: the router, or a command.

    Attributes:
        target: what the router says it about, such as ``endpoint:primary``; "" for anything.
        within: seconds from now until somebody must have.

    """

    target: str = ""
    within: float = 10.0

    def act(self, scene: "Scene") -> None:
        """Wait for a `detected` event after the first fault."""

        def told() -> str:
            broken = scene.recorder.first("fault")
            if broken is None:
                return ""
            for event in scene.recorder.events:
                since = event.kind == "detected" and event.at >= broken.at
                if since and self.target in ("", event.detail.get("target", "")):
                    return f"{event.name}: {event.detail.get('what', '')}"
            return ""

        ok = scene.until(lambda: bool(told()), self.within)
        name = f"somebody notices that {self.target or 'something'} is broken"
        scene.check(name, ok, expected="somebody", seen=told() or "nobody")
