"""Verbs that look at what passes the fault proxy: how much, and which requests."""

import re
import time
from typing import TYPE_CHECKING, Any

import msgspec

from deployer.drills.evidence.records import TRAFFIC, Passed
from deployer.drills.verbs.base import Counting, Looking, must_be_patterns
from deployer.drills.verbs.network import listener_of
from deployer.errors import UsageError

if TYPE_CHECKING:
    from deployer.drills.estate.scene import Scene

__all__ = ["Idle", "Mark", "Requests", "Traffic", "marked", "passed"]


class Mark(Looking, frozen=True, kw_only=True, tag="mark"):
    """Remember how much has passed the fault proxy, for a later ``traffic``.

    Attributes:
        label: of the mark.

    """

    label: str

    def act(self, scene: "Scene") -> None:
        """Count."""
        targets = [f"store:{name}" for name in scene.clouds.names]
        targets += [f"endpoint:{name}" for name in scene.proxied]
        scene.notes[f"time {self.label}"] = time.monotonic()
        scene.notes[f"mark {self.label}"] = {
            target: scene.proxy.counts(target) for target in targets
        }


class Traffic(Looking, frozen=True, kw_only=True, tag="traffic"):
    """So much has passed the fault proxy since a mark.

    Attributes:
        target: ``store:CLOUD`` or ``endpoint:NAME``.
        since: label of the mark.
        method: of HTTP; "" for all.
        least: requests at least.
        most: requests at most; None for any number.
        bytes: of bodies that clients sent, at most; None for any.
        than: label of the mark of an earlier ``traffic``, to compare with.
        factor: requests at most, as a multiple of what that one has seen.

    """

    target: str
    since: str
    method: str = ""
    least: int = 0
    most: int | None = None
    bytes: int | None = None
    than: str = ""
    factor: float = 1.0

    def act(self, scene: "Scene") -> None:
        """Compare."""
        now = scene.proxy.counts(listener_of(scene, self.target))
        before = marked(scene, "mark", self.since)[self.target]
        if self.method:
            count = now.methods.get(self.method, 0) - before.methods.get(self.method, 0)
        else:
            count = now.requests - before.requests
        sent = now.sent - before.sent
        scene.notes[f"seen {self.since}"] = count
        most = self.most
        if self.than:
            most = round(self.factor * marked(scene, "seen", self.than))
        scene.check(
            f"{self.method or 'requests'} to {self.target} since {self.since}",
            count >= self.least
            and (most is None or count <= most)
            and (self.bytes is None or sent <= self.bytes),
            expected={"least": self.least, "most": most, "bytes": self.bytes},
            seen={"requests": count, "bytes": sent},
        )


class Requests(Counting, frozen=True, kw_only=True, tag="requests"):
    """So many requests of one kind have passed to a store since a mark.

    Attributes:
        target: ``store:CLOUD``.
        since: label of the mark.
        match: regular expression, searched in path and query.
        methods: of HTTP; none for all.
        least: requests at least.
        most: requests at most; None for any number.

    """

    target: str
    since: str
    match: str
    methods: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no request can match."""
        must_be_patterns(self.match)

    def act(self, scene: "Scene") -> None:
        """Count them."""
        listener, since = listener_of(scene, self.target), marked(scene, "time", self.since)
        found = [
            f"{each.method} {each.target}"
            for each in passed(scene, listener)
            if each.at >= since
            and (not self.methods or each.method in self.methods)
            and re.search(self.match, each.target)
        ]
        self.judge(
            scene,
            f"requests for {self.match} to {self.target}",
            len(found),
            seen={"requests": len(found), "the last": found[-1:]},
        )


class Idle(Looking, frozen=True, kw_only=True, tag="idle"):
    """An endpoint behind the fault proxy gets no request to predict for a while.

    Attributes:
        target: ``endpoint:NAME``.
        seconds: without one.
        within: seconds until then.

    """

    target: str
    seconds: float = 1.0
    within: float = 15.0

    def act(self, scene: "Scene") -> None:
        """Watch the proxy's counts."""
        listener = listener_of(scene, self.target)
        last = scene.proxy.counts(listener).methods.get("POST", 0)
        since = time.monotonic()

        def still() -> bool:
            nonlocal last, since
            now = scene.proxy.counts(listener).methods.get("POST", 0)
            if now != last:
                last, since = now, time.monotonic()
            return time.monotonic() - since >= self.seconds

        ok = scene.until(still, self.within)
        scene.check(f"{self.target} gets no requests", ok, expected="none", seen=last)


def marked(scene: "Scene", kind: str, label: str) -> Any:
    """Return what an earlier step has noted under a label.

    Raises:
        UsageError: none has.

    """
    if f"{kind} {label}" not in scene.notes:
        raise UsageError(f"nothing is marked as {label!r}", hint="mark it in an earlier step")
    return scene.notes[f"{kind} {label}"]


def passed(scene: "Scene", listener: str) -> list[Passed]:
    """Return the requests to a listener that are over, in the order of their ends."""
    scene.proxy.counts(listener)  # and so they are written down
    decoder = msgspec.json.Decoder(Passed)
    lines = (scene.folder / TRAFFIC).read_bytes().splitlines(keepends=True)
    found = [decoder.decode(line) for line in lines if line.endswith(b"\n")]
    return [each for each in found if each.listener == listener]
