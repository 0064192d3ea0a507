"""Verbs that look at uploads: what of one was sent again, and what of it is not an object yet."""

from typing import TYPE_CHECKING

from deployer.drills.estate.unfinished import unfinished
from deployer.drills.verbs.base import Counting, Looking
from deployer.drills.verbs.network import listener_of
from deployer.drills.verbs.traffic import marked, passed
from deployer.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from deployer.drills.estate.scene import Scene

__all__ = ["Resumed", "Unfinished"]

_CONFIRMED = range(200, 300)
_MARGIN = 1.01
"""Google's parts are sent with a few hundred bytes about them."""


class Resumed(Looking, frozen=True, kw_only=True, tag="resumed"):
    """What an interrupted push had sent to a store, the next one does not send again.

    It is looked at in what has passed the fault proxy. What the store confirmed before and what
    was sent since, whether confirmed or not, must together be no more than the package, and no
    blob or part may be among both, told by path and query. (Google's parts are told by their bytes
    alone: their names are in the bodies.)

    Attributes:
        target: ``store:CLOUD``.
        package: number of what is pushed.
        begun: label of the mark before the interrupted push.
        since: label of the mark before the one that resumes.
        least: bytes that the interrupted push must have sent.
        larger: least bytes of a body that counts: less are records, and content of no weight.

    """

    target: str
    package: int
    begun: str
    since: str
    least: int = 1
    larger: int = 64 * 1024

    def act(self, scene: "Scene") -> None:
        """Compare."""
        listener = listener_of(scene, self.target)
        first, second = (marked(scene, "time", label) for label in (self.begun, self.since))
        uploads = [
            each
            for each in passed(scene, listener)
            if each.method in ("PUT", "POST") and each.sent >= self.larger
        ]
        before = {
            (each.at, each.target): each.sent
            for each in uploads
            if first <= each.at < second and each.status in _CONFIRMED
        }
        after = [each for each in uploads if each.at >= second]
        had = {target for _, target in before if "/blobs/" in target}
        again = [each for each in after if each.target in had]
        total = sum(file.stat().st_size for file in _package(scene, self.package).rglob("*.*"))
        old, new = sum(before.values()), sum(each.sent for each in after)
        scene.check(
            f"only the rest is sent to {self.target}",
            old >= self.least and new > 0 and old + new <= _MARGIN * total and not again,
            expected={
                "bytes before": f"{self.least} or more",
                "bytes in all": f"{total} and headers",
                "sent again": 0,
            },
            seen={
                "bytes before": old,
                "bytes now": new,
                "bytes in all": old + new,
                "sent again": len(again),
            },
        )


class Unfinished(Counting, frozen=True, kw_only=True, tag="unfinished"):
    """So many parts of uploads that are not objects yet, by each cloud's own listing of them.

    Attributes:
        clouds: which; default is all.
        least: parts at least.
        most: parts at most; None for any number.

    """

    clouds: tuple[str, ...] = ()

    def act(self, scene: "Scene") -> None:
        """List them."""
        for name in self.clouds or scene.clouds.names:
            parts = unfinished(scene.clouds[name])
            self.judge(scene, f"parts of unfinished uploads on {name}", len(parts), seen=parts)


def _package(scene: "Scene", number: int) -> "Path":
    if not 0 < number <= len(scene.packages):
        raise UsageError(
            f"there is no package {number}", hint="name it in {package:N} of a command"
        )
    return scene.packages[number - 1]
