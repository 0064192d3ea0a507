"""The strict fake as a process: `python -m tests.fakes.server --port 0`.

It prints one line of JSON with its endpoints and serves until it is terminated;
`tests.fakes.admin.RemoteCloud` scripts it from another process.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading

from tests.fakes.cloud import StrictCloud

__all__ = ["StrictCloud", "main"]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Serve the strict fake until terminated.")
    parser.add_argument("--port", type=int, default=0, help="first of three ports; 0: free ones")
    parser.add_argument("--bucket", action="append", default=[], help="create it in every dialect")
    options = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    cloud = StrictCloud(options.port)
    for name in options.bucket:
        for dialect in ("s3", "gcs", "azure"):
            cloud.create_bucket(dialect, name)
    sys.stdout.write(json.dumps(cloud.endpoints()) + "\n")
    sys.stdout.flush()
    stop.wait()
    cloud.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
