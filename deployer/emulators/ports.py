"""Free ports on the loopback interface."""

import random
import socket
from pathlib import Path

__all__ = ["HOST", "free_ports", "is_free", "listener_inodes"]

HOST = "127.0.0.1"

# Below the range from which systems take the ports of outgoing connections (32768 on Linux, 49152
# elsewhere), so that no passing connection can take the port before the emulator does.
_FIRST, _LAST = 20_000, 32_000
_TRIES = 200
_LISTEN = "0A"


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_ports(count: int, first: int | None = None) -> list[int]:
    """Return `count` ports in a row that are free now; another process may still be quicker.

    Args:
        count: how many.
        first: where the row has to start, free or not; by default anywhere.

    Raises:
        OSError: no free ports were found.

    """
    if first is not None:
        return list(range(first, first + count))
    chance = random.SystemRandom()
    for _ in range(_TRIES):
        port = chance.randrange(_FIRST, _LAST)
        row = list(range(port, port + count))
        if all(is_free(number) for number in row):
            return row
    raise OSError(f"no free port between {_FIRST} and {_LAST}")


def listener_inodes(port: int) -> set[str] | None:
    """Return the inodes of the sockets that listen on `port`, or None where /proc is not there."""
    inodes = set()
    try:
        for table in ("/proc/net/tcp", "/proc/net/tcp6"):
            for line in Path(table).read_text(encoding="ascii").splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                    inodes.add(fields[9])
    except OSError:
        return None
    return inodes
