"""Steady load until SIGTERM: ``python -m deployer.drills.load``, settings in DEPLOYER_LOAD."""

import asyncio
import contextlib
import os
import resource
import signal
import sys
from pathlib import Path

import msgspec

from deployer.drills.load.generator import Generator, Target
from deployer.drills.load.notes import Notes
from deployer.drills.load.settings import BEGUN, VARIABLE, Settings

__all__ = ["main"]


async def _run(settings: Settings, notes: Notes) -> None:
    generator = Generator(
        Target(settings.url, settings.path, Path(settings.body).read_bytes(), settings.headers),
        rate=settings.rate,
        give_up=settings.give_up,
        tell=notes.tell,
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, generator.stop)
    os.write(1, f"{BEGUN}\n".encode())
    await generator.run()


def main() -> None:
    """Ask until SIGTERM, wait for the answers under way, and end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settings = msgspec.json.decode(os.environ.pop(VARIABLE), type=Settings)
    # The ticker must not wait 5 ms, Python's default, for an event loop that is busy.
    sys.setswitchinterval(0.0005)
    # Each request that waits has a connection of its own.
    with contextlib.suppress(ValueError, OSError):
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    try:
        import uvloop  # noqa: PLC0415 - may not be installed
    except ModuleNotFoundError:
        run = asyncio.run
    else:
        run = uvloop.run
    try:
        with Notes(Path(settings.file)) as notes:
            run(_run(settings, notes))
    except OSError as error:
        sys.exit(f"{settings.file}: {error.strerror or error}")


if __name__ == "__main__":
    main()
