"""Outages, splits and views for the tests of the home."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deployer.registry.cloud import Cloud
from deployer.registry.homes.home import Registry, join
from deployer.registry.homes.promotion import Promoted, promote, survey
from deployer.registry.homes.reconcile import Reconciled, reconcile
from tests.deployer.registry.registry_kit import BUCKET, DIALECTS
from tests.fakes import StrictCloud
from tests.fakes.connection import DroppedError
from tests.fakes.wire import Request

STRAYS = ("deployer.json", "diverged/", "epochs/", "deployer-probe/", "txn/")


class Outage:
    """Cuts clouds off, and lets them come back."""

    def __init__(self, cloud: StrictCloud) -> None:
        self.down: set[str] = set()
        cloud.on_request(self._drop)

    def _drop(self, request: Request) -> None:
        if request.dialect in {DIALECTS[name] for name in self.down}:
            raise DroppedError


def objects(cloud: StrictCloud, name: str) -> dict[str, bytes]:
    return cloud.objects(DIALECTS[name], BUCKET)


def everything(cloud: StrictCloud) -> dict[str, dict[str, bytes]]:
    return {name: objects(cloud, name) for name in DIALECTS}


def marker(held: Mapping[str, bytes]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(held["deployer.json"])
    return found


def shared(held: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return what must be the same on every cloud of a registry at rest."""
    return {key: body for key, body in held.items() if not key.startswith(STRAYS)}


def changed(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> set[str]:
    """Return the keys that are gone or have other bytes; new ones are none of them."""
    return {key for key, body in before.items() if after.get(key) != body}


def joined(clouds: list[Cloud], state: Path) -> Registry:
    return join(clouds, home=None, probes=state / "probes", found_new=False)


def make_home(clouds: list[Cloud], name: str, state: Path, *, minority: bool = False) -> Promoted:
    return promote(survey(clouds, name, state=state), minority=minority)


def bring_back(clouds: list[Cloud], name: str, state: Path) -> Reconciled:
    (cloud,) = [each for each in clouds if each.name == name]
    return reconcile(joined(clouds, state), cloud)
