"""One endpoint: `deployer serve` as a process, as a resource of the engine.

The engine keeps what `outs` say; a process that is gone is found by `read` (refresh) and by `diff`
(preview, up), and started again at the same port.
"""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pulumi
from pulumi import dynamic

from infra.local.processes import ProcessError, birth_of, is_alive, start, stop, sweep, wait_for

__all__ = ["Server", "ServerProvider", "differs", "seen"]

READY_WITHIN = 90.0
STOP_WITHIN = 30.0
"""Seconds: longer than a server drains and lets requests end by default."""

_LAST_LINES = 400


def differs(olds: dict[str, Any], news: dict[str, Any]) -> bool:
    """Return whether a resource must be brought from `olds`, its outputs, to `news`, its inputs."""
    wanted = {key: value for key, value in news.items() if not key.startswith("__")}
    same = all(key in olds and olds[key] == value for key, value in wanted.items())
    return not same or not is_alive(int(olds.get("pid", 0)), str(olds.get("birth", "")))


def seen(props: dict[str, Any]) -> dict[str, Any]:
    """Return a resource's outputs as they are now: a process that is gone runs no more."""
    if is_alive(int(props.get("pid", 0)), str(props.get("birth", ""))):
        return {**props, "running": True}
    return {**props, "running": False, "pid": 0, "birth": ""}


class ServerProvider(dynamic.ResourceProvider):
    """Starts, finds and ends servers."""

    # It holds nothing: the engine need not encrypt it.
    serialize_as_secret_always = False

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> dynamic.DiffResult:
        """Find what is different, a dead process among it; nothing needs another resource."""
        return dynamic.DiffResult(changes=differs(_olds, _news))

    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        """Start it and wait until it is ready."""
        return dynamic.CreateResult(props["name"], _run(props, port=0))

    def read(self, id_: str, props: dict[str, Any]) -> dynamic.ReadResult:
        """Look whether it still runs."""
        return dynamic.ReadResult(id_, seen(props))

    def update(
        self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]
    ) -> dynamic.UpdateResult:
        """End the old one and start a new one at the same port."""
        _end(_olds)
        return dynamic.UpdateResult(_run(_news, port=int(_olds["port"])))

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """End it; its log stays."""
        _end(_props)


class Server(dynamic.Resource, module="local", name="Server"):
    """A server process.

    Args:
        name: of the resource and of its files.
        model: name in the registry.
        digest: of the manifest, hex.
        clouds: names of the registry's copies, the one to ask first in front.
        directory: where it runs.
        folder: of its log.
        keys: file of the hashes of API keys; "" for the settings' own.

    """

    url: pulumi.Output[str]
    port: pulumi.Output[int]

    def __init__(
        self,
        name: str,
        *,
        model: str,
        digest: str,
        clouds: Sequence[str],
        directory: str,
        folder: str,
        keys: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props: dict[str, Any] = {
            "name": name,
            "model": model,
            "digest": digest,
            "clouds": list(clouds),
            "directory": directory,
            "folder": folder,
            "keys": keys,
            "running": True,
        }
        told = dict.fromkeys(("url", "port", "pid", "birth"))
        super().__init__(ServerProvider(), name, {**props, **told}, opts)


def _run(props: dict[str, Any], *, port: int) -> dict[str, Any]:
    folder = Path(props["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    # An engine that was killed may have left one that no state knows.
    sweep(_note(props), within=STOP_WITHIN)
    out, log = folder / f"{props['name']}.ready", folder / f"{props['name']}.log"
    # Our engine's own variables are nobody else's business, its passphrase least of all.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PULUMI_")}
    if props["keys"]:
        environment["DEPLOYER_SERVE_KEYS_FILE"] = props["keys"]
    pid, birth = start(
        _command(props, port),
        environment=environment,
        directory=Path(props["directory"]),
        out=out,
        log=log,
        note=_note(props),
    )
    try:
        url = _await_url(pid, birth, out, log)
    except BaseException:
        stop(pid, birth, within=0)
        raise
    kept = {key: value for key, value in props.items() if not key.startswith("__")}
    return {**kept, "url": url, "port": int(url.rpartition(":")[2]), "pid": pid, "birth": birth}


def _command(props: dict[str, Any], port: int) -> list[str]:
    clouds = [str(each) for each in props["clouds"]]
    return [
        *(sys.executable, "-m", "deployer", "serve"),
        f"{props['model']}@sha256:{props['digest']}",
        *("--clouds", ",".join(clouds), "--cloud", clouds[0]),
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--grpc-port", "0", "--admin-port", "0", "-o", "json"),
    ]


def _await_url(pid: int, birth: str, out: Path, log: Path) -> str:
    """Return the address that the server says it answers at, once it does."""

    def settled() -> bool:
        return out.read_bytes().endswith(b"\n") or birth_of(pid) != birth

    if not wait_for(settled, READY_WITHIN):
        raise ProcessError(f"the server is not ready after {READY_WITHIN:.0f} s; see {log}")
    for line in out.read_text("utf-8").splitlines():
        ready = json.loads(line)
        if ready.get("ready"):
            return str(ready["url"])
    raise ProcessError(f"the server ended: {_last_words(log)}")


def _last_words(log: Path) -> str:
    lines = [line.strip() for line in log.read_text("utf-8", errors="replace").splitlines()]
    said = next((line for line in reversed(lines) if line), f"it said nothing in {log}")
    try:
        told = json.loads(said)["error"]
        said = f"{told['message']} ({told['hint']})" if told["hint"] else told["message"]
    except (ValueError, KeyError, TypeError):
        pass
    return said[:_LAST_LINES]


def _end(props: dict[str, Any]) -> None:
    stop(int(props.get("pid", 0)), str(props.get("birth", "")), within=STOP_WITHIN)
    _note(props).unlink(missing_ok=True)


def _note(props: dict[str, Any]) -> Path:
    return Path(props["folder"]) / f"{props['name']}.pid"
