"""Watches the router, and notes when it takes an endpoint out or in again."""

import csv
import json
import threading
from pathlib import Path

from deployer.drills.evidence.recorder import Recorder
from deployer.routing.folder import RouterFolder, Status
from deployer.routing.statistics import fetch, on_socket

__all__ = ["RouterWatch", "envoy_health", "haproxy_health"]

EVERY = 0.1
_BACKEND = "model"
_FLAGS = {
    "failed_active_health_check": "fails its health check",
    "failed_outlier_check": "is ejected: too many of its answers failed",
}


class RouterWatch:
    """A thread that looks at the proxy's own view of its endpoints.

    Args:
        folder: of the router.
        recorder: is told what changes.

    """

    def __init__(self, folder: Path, recorder: Recorder) -> None:
        self._folder = RouterFolder(folder)
        self._recorder = recorder
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="router-watch", daemon=True)
        self._before: dict[str, str] = {}
        self._used: set[str] = set()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(EVERY):
            status = self._folder.status()
            if status is None:
                continue
            try:
                now = _health(status)
            except (OSError, ValueError, KeyError):
                continue
            self._compare(status, now)

    def _compare(self, status: Status, now: dict[str, str]) -> None:
        for endpoint in status.endpoints:
            if endpoint.golden == "different":
                now[endpoint.name] = endpoint.reason or "its golden answers are others"
            elif endpoint.traffic:
                self._used.add(endpoint.name)
            elif endpoint.name in self._used and not now.get(endpoint.name):
                # Out of the configuration, the proxy itself does not know of it any more.
                now[endpoint.name] = (
                    f"is left out: {endpoint.reason or 'it serves another version'}"
                )
        for name, trouble in now.items():
            if trouble and not self._before.get(name):
                self._recorder.note(
                    "detected", "router", what=f"{name} {trouble}", target=f"endpoint:{name}"
                )
            elif not trouble and self._before.get(name):
                self._recorder.note("note", f"the router uses {name} again")
        self._before.update(now)


def _health(status: Status) -> dict[str, str]:
    """Return endpoint → what is wrong with it, "" if nothing, as the proxy itself sees it."""
    if status.admin.startswith("http"):
        found = envoy_health(fetch(f"{status.admin}/clusters?format=json"))
    else:
        found = haproxy_health(on_socket(status.admin, "show stat"))
    return {status.servers.get(name, name): trouble for name, trouble in found.items()}


def envoy_health(text: str) -> dict[str, str]:
    """Return server → what is wrong with it, from Envoy's ``/clusters?format=json``.

    The flags are those of ``HostHealthStatus`` (Envoy's admin API, admin/v3/clusters.proto).
    """
    found: dict[str, str] = {}
    for cluster in json.loads(text).get("cluster_statuses", ()):
        if cluster.get("name") != _BACKEND:
            continue
        for host in cluster.get("host_statuses", ()):
            flags = host.get("health_status", {})
            name = host.get("locality", {}).get("sub_zone", "")
            found[name] = next((said for flag, said in _FLAGS.items() if flags.get(flag)), "")
    return found


def haproxy_health(text: str) -> dict[str, str]:
    """Return server → what is wrong with it, from HAProxy's ``show stat``.

    ``status`` begins with UP while it may be used, ``last_chk`` says why not (management guide,
    section 9.1).
    """
    found: dict[str, str] = {}
    for row in csv.DictReader(text.removeprefix("# ").splitlines()):
        if row.get("pxname") == _BACKEND and row.get("svname") not in {"FRONTEND", "BACKEND"}:
            up = (row.get("status") or "").startswith(("UP", "no check"))
            found[row["svname"]] = "" if up else f"is down: {row.get('last_chk') or row['status']}"
    return found
