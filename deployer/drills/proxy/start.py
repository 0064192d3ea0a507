"""Starts the proxy's process, and takes the connection by which it is steered."""

import os
import secrets
import socket
import sys
from pathlib import Path

from deployer.drills.proxy.messages import SECRET
from deployer.emulators.ports import HOST
from deployer.emulators.process import Held, spawn
from deployer.errors import FailedError

__all__ = ["last_words", "started"]

_NAME = "proxy"
_PATIENCE = 30.0  # seconds that a slow machine may need
_LOOK = 0.2


def started(folder: Path, traffic: Path | None) -> tuple[Held, socket.socket]:
    """Start the process, and return it and the connection on which it listens.

    Args:
        folder: of its log.
        traffic: where it notes requests down; None: nowhere.

    Raises:
        FailedError: it does not start.

    """
    secret = secrets.token_hex(16)
    with socket.create_server((HOST, 0)) as door:
        command = [sys.executable, "-m", "deployer.drills.proxy", str(door.getsockname()[1])]
        held = spawn(
            [*command, *([str(traffic.absolute())] if traffic else [])],
            environment={**os.environ, SECRET: secret},
            folder=folder,
            name=_NAME,
        )
        try:
            return held, _introduced(door, held, secret, folder)
        except BaseException:
            held.kill()
            raise


def _introduced(door: socket.socket, held: Held, secret: str, folder: Path) -> socket.socket:
    """Take the connection of the one who knows the secret."""
    door.settimeout(_LOOK)
    for _ in range(int(_PATIENCE / _LOOK)):
        try:
            connection, _ = door.accept()
        except TimeoutError:
            if not held.kept.alive:
                break
            continue
        connection.settimeout(_PATIENCE)
        said = b""
        while not said.endswith(b"\n") and (byte := connection.recv(1)):
            said += byte
        if secrets.compare_digest(said.strip(), secret.encode()):
            connection.settimeout(None)
            return connection
        connection.close()
    raise FailedError(f"the fault proxy does not start: {last_words(folder)}")


def last_words(folder: Path) -> str:
    """Return the last two lines of its log, as one."""
    try:
        text = (folder / f"{_NAME}.log").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    lines = [" ".join(line.split()) for line in text.strip().splitlines()[-2:]]
    return " | ".join(lines) or "it said nothing"
