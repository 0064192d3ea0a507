"""The fault proxy's process: ``python -m deployer.drills.proxy PORT [TRAFFIC]``.

It connects to PORT on the loopback interface, where the drill that started it listens, names the
secret in the variable DEPLOYER_DRILL_PROXY, and does what the drill says until that hangs up.
"""

import asyncio
import contextlib
import os
import sys
from pathlib import Path

from deployer.drills.proxy.control import Control
from deployer.drills.proxy.messages import SECRET
from deployer.drills.proxy.traffic import Traffic


async def run(port: int, traffic: Path | None) -> None:
    """Be steered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(os.environ.pop(SECRET, "").encode() + b"\n")
    await Control(Traffic(traffic) if traffic else None).obey(reader, writer)


def main() -> None:
    """Run, on uvloop if it is there."""
    factory = None
    with contextlib.suppress(ImportError):
        import uvloop  # noqa: PLC0415 - optional

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(run(int(sys.argv[1]), Path(sys.argv[2]) if sys.argv[2:] else None))


if __name__ == "__main__":
    main()
