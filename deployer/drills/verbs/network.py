"""Verbs about what the fault proxy does."""

from pathlib import Path
from typing import TYPE_CHECKING

from deployer.drills.proxy.rules import Rule
from deployer.drills.verbs.base import Counting, Verb
from deployer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deployer.drills.estate.commands import Running
    from deployer.drills.estate.scene import Scene

__all__ = ["Disturb", "Forget", "Mend", "Struck", "listener_of", "meets"]


def listener_of(scene: "Scene", target: str) -> str:
    """Return the proxy's port for a target.

    Raises:
        UsageError: nothing of that name is behind the proxy.

    """
    kind, _, name = target.partition(":")
    if (kind == "store" and name in scene.clouds) or (kind == "endpoint" and name in scene.proxied):
        return target
    raise UsageError(
        f"{target!r} is not behind the fault proxy", hint="write store:CLOUD or endpoint:NAME"
    )


def meets(
    scene: "Scene", running: "Running", rules: "Sequence[int]", within: float, *, hits: int = 1
) -> bool:
    """Wait until a command has made the requests that rules of the fault proxy are about.

    Args:
        scene: of the drill.
        running: the command.
        rules: their numbers.
        within: seconds that it may take.
        hits: requests that each rule must have met.

    Returns:
        whether it has, and still runs.

    """

    def there() -> bool:
        return all(scene.proxy.hits(number) >= hits for number in rules)

    scene.until(lambda: there() or running.process.poll() is not None, within)
    return there() and running.process.poll() is None


class Disturb(Verb, frozen=True, kw_only=True, tag="disturb"):
    """Have the fault proxy do something to requests on their way to a store or an endpoint.

    Attributes:
        target: ``store:CLOUD`` or ``endpoint:NAME``.
        rule: what happens to which requests. Its `upstream` may be ``endpoint:NAME``.
        name: what is broken, for people.
        label: what later steps call it; default is the target.

    """

    target: str
    rule: Rule
    name: str
    label: str = ""

    @property
    def writes(self) -> bool:
        """Nothing: the server behind the proxy knows nothing of it."""
        return False

    def act(self, scene: "Scene") -> None:
        """Add the rule."""
        import msgspec  # noqa: PLC0415 - beside its only use

        listener = listener_of(scene, self.target)
        rule = self.rule
        if rule.upstream.startswith("endpoint:"):
            url = str(scene.service(rule.upstream).ready["url"])
            rule = msgspec.structs.replace(rule, upstream=url)
        number = scene.proxy.add(listener, rule)
        label = self.label or self.target

        def undo() -> None:
            scene.proxy.remove(number)

        try:
            scene.begin_fault(label, self.name, self.target, undo, effect=rule.effect)
        except UsageError:
            undo()
            raise
        scene.notes[f"rule {label}"] = number


class Forget(Verb, frozen=True, kw_only=True, tag="forget"):
    """No store's name resolves any more; the estate must be ``named``.

    Attributes:
        label: what a later ``mend`` calls it.

    """

    label: str = "names"

    def act(self, scene: "Scene") -> None:
        """Empty the table of names."""
        path = scene.work / "names"
        if not path.is_file():
            raise UsageError("the estate has no names to forget", hint="set estate: {named: true}")
        before = path.read_bytes()
        scene.begin_fault(
            self.label, "no store's name resolves", "names", lambda: _write(path, before)
        )
        path.write_bytes(b"")


def _write(path: Path, body: bytes) -> None:
    path.write_bytes(body)


class Mend(Verb, frozen=True, kw_only=True, tag="mend"):
    """End a fault, or all that are on.

    Attributes:
        fault: its label; ``all`` for all.

    """

    fault: str = "all"

    @property
    def writes(self) -> bool:
        """Nothing by itself: it undoes what was allowed."""
        return False

    def act(self, scene: "Scene") -> None:
        """Undo it."""
        for label in [*scene.faults] if self.fault == "all" else [self.fault]:
            scene.mend(label)


class Struck(Counting, frozen=True, kw_only=True, tag="struck"):
    """A disturbance has really affected requests: one that did not proves nothing.

    Attributes:
        fault: its label.
        least: requests at least.
        most: requests at most; None for any number.

    """

    fault: str
    least: int = 1

    def act(self, scene: "Scene") -> None:
        """Count them."""
        number = scene.notes.get(f"rule {self.fault}")
        if not isinstance(number, int):
            raise UsageError(f"nothing disturbs as {self.fault!r}", hint="look at the labels")
        hits = scene.proxy.hits(number)
        self.judge(scene, f"requests that met {self.fault}", hits, seen=hits)
