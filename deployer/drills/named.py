"""Run a command of deployer on a machine with a name server of a drill: ``python -m deployer.drills.named …``.

Names below ``.drill.test`` (RFC 6761 keeps .test from ever existing) are looked up in the file that
DEPLOYER_DRILL_NAMES names, one ``ADDRESS NAME`` a line; what is not in it does not exist. The file
is read at each look-up, so that names stop resolving while the command runs.
"""

import os
import socket
from pathlib import Path
from typing import Any

__all__ = ["DOMAIN", "VARIABLE", "main"]

DOMAIN = ".drill.test"
VARIABLE = "DEPLOYER_DRILL_NAMES"


def main() -> None:
    """Take over the look-up of names in this process, and run the command."""
    from deployer.cli import main as deployer  # noqa: PLC0415 - after the look-up is taken over

    real = socket.getaddrinfo
    names = Path(os.environ[VARIABLE])

    def look_up(host: Any, *rest: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if isinstance(name, str) and name.endswith(DOMAIN):
            return real(_address(names, name), *rest, **options)
        return real(host, *rest, **options)

    socket.getaddrinfo = look_up
    deployer(prog_name="deployer")


def _address(names: Path, name: str) -> str:
    """Return a name's address.

    Raises:
        socket.gaierror: as the system does for a name that does not exist.

    """
    for line in names.read_text("utf-8").splitlines():
        address, _, known = line.partition(" ")
        if known == name:
            return address
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


if __name__ == "__main__":
    main()
