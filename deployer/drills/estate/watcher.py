"""Readers who look at stores over and over while something happens to them."""

import hashlib
import json
import threading
import time
from collections.abc import Mapping
from typing import Any, Self

from deployer.drills.estate.clouds import DrillClouds
from deployer.registry.format import layout
from providers.errors import NotFoundError
from providers.store import Store

__all__ = ["Watcher"]

PAUSE = 0.1
"""Seconds between two looks, at least: it leaves the machine to those who are looked at."""

_REST = 2.0  # of the time that a look has taken: listings grow

_DEPTH = 4  # models/NAME/versions/N.json, models/NAME/aliases/NAME.json


class Watcher:
    """Looks at each cloud in a thread of its own until its ``with`` block ends.

    Whatever a listing shows must be whole: a version has its manifest and every content with the
    digest that was promised, an alias leads to a version; and nothing that was seen goes away. It
    is read as it is stored, past all the code that a drill tests.

    Attributes:
        looks: how often each cloud was looked at.
        versions: seen on each cloud, each read wholly once.
        wrong: what must not have been seen.

    """

    def __init__(self, clouds: DrillClouds) -> None:
        self.looks = dict.fromkeys(clouds.names, 0)
        self.versions: dict[str, set[str]] = {name: set() for name in clouds.names}
        self.wrong: list[str] = []
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._loop, args=(each.name, each.store), daemon=True)
            for each in clouds
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _loop(self, name: str, store: Store) -> None:
        seen: dict[str, str] = {}
        pause = PAUSE
        while not self._stop.wait(pause):
            began = time.monotonic()
            try:
                self._look(name, store, seen)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is reported
                self.wrong.append(f"{name}: {type(error).__name__}: {error}")
            self.looks[name] += 1
            pause = max(PAUSE, _REST * (time.monotonic() - began))

    def _look(self, name: str, store: Store, seen: dict[str, str]) -> None:
        listed = {
            meta.key: meta.version.token
            for meta in store.list(layout.MODELS)
            if meta.key.count("/") == _DEPTH - 1
        }
        for key in seen.keys() - listed.keys():
            self.wrong.append(f"{name}: {key} is gone again")
        for key, token in listed.items():
            if seen.get(key) == token:
                continue
            if "/versions/" in key:
                self._version(name, store, key)
            elif "/aliases/" in key:
                self._alias(name, store, key)
            seen[key] = token

    def _version(self, name: str, store: Store, key: str) -> None:
        record = _document(store, key)
        digest = str(record["manifest"])
        manifest = _proven(store, layout.manifest(digest), digest)
        for file in json.loads(manifest)["files"]:
            _proven(store, layout.blob(file["sha256"]), file["sha256"])
        self.versions[name].add(f"{record['model']}:{record['version']}")

    def _alias(self, name: str, store: Store, key: str) -> None:
        record = _document(store, key)
        there = _document(store, layout.version(record["model"], record["version"]))
        if there["manifest"] != record["manifest"]:
            self.wrong.append(f"{name}: {key} names another content than its version")


def _document(store: Store, key: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(_read(store, key))
    return found


def _proven(store: Store, key: str, sha256: str) -> bytes:
    try:
        body = _read(store, key)
    except NotFoundError as error:
        raise ValueError(f"{key} is not there, and a version refers to it") from error
    if hashlib.sha256(body).hexdigest() != sha256:
        raise ValueError(f"{key} is not what a version refers to")
    return body


def _read(store: Store, key: str) -> bytes:
    with store.driver.get(key) as read:
        return b"".join(read.chunks)
