"""Verbs that tamper with stored objects through the cloud's own SDK, past deployer's rules."""

import hashlib
import json
import re
from typing import TYPE_CHECKING, Literal

from deployer.drills.estate.audit import contents
from deployer.drills.verbs.base import Looking, Verb
from deployer.errors import UsageError
from deployer.registry.format import layout

if TYPE_CHECKING:
    from deployer.drills.estate.scene import Scene

__all__ = ["Litter", "Remember", "Replay", "Tamper", "Wipe", "overwrite"]


_WHAT = re.compile(r"manifest|version|(?:file|alias|key):.+")


def overwrite(scene: "Scene", cloud: str, key: str, body: bytes) -> None:
    """Put an object in place of another, unconditionally."""
    store = scene.clouds[cloud].store
    store.delete(key)
    store.put(key, body, mode="overwrite")


class Wipe(Verb, frozen=True, kw_only=True, tag="wipe"):
    """Delete every object of a cloud, as somebody with the wrong window open would.

    Attributes:
        cloud: which.
        prefix: only keys that begin with it.

    """

    cloud: str
    prefix: str = ""

    def act(self, scene: "Scene") -> None:
        """Delete them."""
        store = scene.clouds[self.cloud].store
        keys = [meta.key for meta in store.list() if meta.key.startswith(self.prefix)]
        for key in keys:
            store.delete(key)
        scene.recorder.note(
            "fault",
            f"{len(keys)} objects on {self.cloud} are deleted",
            target=f"store:{self.cloud}",
        )


class Tamper(Verb, frozen=True, kw_only=True, tag="tamper"):
    """Change one stored object.

    Attributes:
        cloud: where.
        what: ``file:PATH`` of a version, ``manifest``, ``version`` (its record), ``alias:NAME``,
            or ``key:KEY``.
        version: whose file, manifest or record.
        how: flip one bit in the middle, cut it in half, delete it, or put `text` in its place.
        text: for ``replace``.

    """

    cloud: str
    what: str
    how: Literal["flip", "truncate", "delete", "replace"]
    version: int = 1
    text: str = ""

    def __post_init__(self) -> None:
        """Refuse what is nothing that a store holds."""
        if not _WHAT.fullmatch(self.what):
            raise ValueError(
                f"{self.what!r} is nothing to tamper with: "
                "write file:PATH, manifest, version, alias:NAME or key:KEY"
            )

    def act(self, scene: "Scene") -> None:
        """Change it."""
        store = scene.clouds[self.cloud].store
        objects = contents(store)
        key = key_of(objects, self.what, self.version)
        body = objects[key]
        if not body and self.how == "flip":
            raise UsageError(f"{self.what!r} is empty", hint="flip a bit of something else")
        if self.how == "delete":
            store.delete(key)
        else:
            half = len(body) // 2
            changed = {
                "flip": body[:half] + bytes([body[half] ^ 1]) + body[half + 1 :],
                "truncate": body[:half],
                "replace": scene.text(self.text).encode(),
            }[self.how]
            overwrite(scene, self.cloud, key, changed)
        done = {"flip": "has a bit flipped", "truncate": "is cut in half",
                "delete": "is deleted", "replace": "is replaced"}[self.how]  # fmt: skip
        scene.recorder.note(
            "fault", f"{self.what} on {self.cloud} {done}", target=f"store:{self.cloud}", key=key
        )


class Remember(Looking, frozen=True, kw_only=True, tag="remember"):
    """Copy the objects below a prefix aside, for a later ``replay``.

    Attributes:
        cloud: whose.
        prefix: of their keys.
        label: of the copy.

    """

    cloud: str
    prefix: str
    label: str

    def act(self, scene: "Scene") -> None:
        """Copy them."""
        found = contents(scene.clouds[self.cloud].store)
        prefix = scene.text(self.prefix)
        scene.notes[f"copy {self.label}"] = {
            key: body for key, body in found.items() if key.startswith(prefix)
        }


class Replay(Verb, frozen=True, kw_only=True, tag="replay"):
    """Put remembered objects back over what is there now, and delete what is newer than they are.

    Attributes:
        cloud: where.
        prefix: what is newer is deleted below this prefix.
        label: of the copy.

    """

    cloud: str
    prefix: str
    label: str

    def act(self, scene: "Scene") -> None:
        """Put them back."""
        kept = scene.notes.get(f"copy {self.label}")
        if not isinstance(kept, dict):
            raise UsageError(f"nothing is remembered as {self.label!r}", hint="remember it first")
        store = scene.clouds[self.cloud].store
        prefix = scene.text(self.prefix)
        for meta in list(store.list()):
            if meta.key.startswith(prefix) and meta.key not in kept:
                store.delete(meta.key)
        for key, body in kept.items():
            overwrite(scene, self.cloud, key, body)
        scene.recorder.note(
            "fault",
            f"{len(kept)} old objects are put back on {self.cloud}",
            target=f"store:{self.cloud}",
        )


class Litter(Verb, frozen=True, kw_only=True, tag="litter"):
    """Put content into stores that no version refers to, as an abandoned publish leaves it.

    Attributes:
        clouds: which; default is all.
        text: the content.

    """

    clouds: tuple[str, ...] = ()
    text: str = "nobody needs this"

    def act(self, scene: "Scene") -> None:
        """Put it there, under its digest."""
        body = self.text.encode()
        key = layout.blob(hashlib.sha256(body).hexdigest())
        for name in self.clouds or scene.clouds.names:
            scene.clouds[name].store.put(key, body, mode="overwrite")


def key_of(objects: dict[str, bytes], what: str, version: int, model: str = "drill") -> str:
    """Return the key of an object by what it is.

    Raises:
        UsageError: there is none.

    """
    kind, _, name = what.partition(":")
    record = layout.version(model, version)
    found = ""
    if kind == "key":
        found = name
    elif kind == "alias":
        found = layout.alias(model, name)
    elif kind == "version":
        found = record
    elif record in objects:
        digest = json.loads(objects[record])["manifest"]
        found = layout.manifest(digest)
        if kind == "file":
            files = {each["path"]: each["sha256"] for each in json.loads(objects[found])["files"]}
            found = layout.blob(files[name]) if name in files else ""
    if found not in objects:
        raise UsageError(
            f"there is no {what!r} of version {version}", hint="look at docs/format.md"
        )
    return found
