"""A verb that has two publishers meet at the same moment."""

from typing import TYPE_CHECKING

from deployer.drills.proxy.rules import Match, Rule
from deployer.drills.verbs.base import Verb
from deployer.drills.verbs.network import listener_of, meets

if TYPE_CHECKING:
    from deployer.drills.estate.scene import Scene

__all__ = ["Race"]


class Race(Verb, frozen=True, kw_only=True, tag="race"):
    """Hold a request of one push on its way until another push, from elsewhere, has succeeded.

    Both must end well, with versions of their own: the one that was held has to notice that what
    it was about to write is there, and must not write over it.

    Attributes:
        held: arguments of the push that is held.
        meanwhile: arguments of the push that comes through.
        request: which request is held.
        at: ``store:CLOUD`` that gets it late.
        within: seconds that each may take.

    """

    held: tuple[str, ...]
    meanwhile: tuple[str, ...]
    request: Match
    at: str = "store:aws"
    within: float = 120.0

    def act(self, scene: "Scene") -> None:
        """Have them meet."""
        rule = Rule(effect="hold", match=self.request, times=1)
        number = scene.proxy.add(listener_of(scene, self.at), rule, first=True)
        scene.recorder.note("fault", "a push is held at its commit", target=self.at)
        late = scene.commands.start([*map(scene.text, self.held), "-o", "json"])
        met = meets(scene, late, [number], self.within)
        quick = scene.run(
            *map(scene.text, self.meanwhile),
            "-o",
            "json",
            environment=scene.machine("another"),
            timeout=self.within,
        )
        scene.proxy.release(number)
        slow = late.wait(self.within)
        scene.proxy.remove(number)
        scene.note_publish(slow)
        versions = [
            done.document.get("version") if isinstance(done.document, dict) else done.last
            for done in (quick, slow)
        ]
        scene.check(
            "two publishers at once get a version each",
            met and quick.code == slow.code == 0 and versions[0] != versions[1],
            expected="two versions",
            seen={"versions": versions, "codes": [quick.code, slow.code], "met": met},
        )
