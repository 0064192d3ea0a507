"""The plugin's process: ``python -m infra.simulated PROVIDER ENGINE``; its port goes to stdout."""

import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from infra.simulated import FAULTS, PROVIDERS, STATE

__all__ = ["main"]

_THREADS = 16


def main(arguments: list[str]) -> int:
    """Serve until the engine is done with us; 2 if we were not told where the cloud is."""
    name = arguments[0] if arguments else ""
    state = os.environ.get(STATE)
    if name not in PROVIDERS or not state:
        sys.stderr.write(f"simulated: name one of {', '.join(PROVIDERS)}, and a file in {STATE}\n")
        return 2
    import grpc  # noqa: PLC0415 - slow to import
    from pulumi.runtime.proto import provider_pb2_grpc  # noqa: PLC0415 - slow to import

    from infra.simulated.provider import Provider  # noqa: PLC0415 - as above
    from infra.simulated.servicer import Servicer  # noqa: PLC0415 - as above

    told = os.environ.get(FAULTS)
    provider = Provider(name, Path(state), Path(told) if told else None)
    most = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=most)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(name, provider), server)
    port = server.add_insecure_port("127.0.0.1:0")
    done = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: done.set())
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    done.wait()
    server.stop(grace=1).wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
