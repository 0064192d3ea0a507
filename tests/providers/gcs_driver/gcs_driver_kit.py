"""What tests of Cloud Storage's driver share."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from providers.driver import CALL, SHA256
from providers.errors import ErrorKind
from providers.gcs import GcsDriver
from providers.model import ObjectMeta, Part

BUCKET = "models"

METADATA = {SHA256: "ab" * 32, CALL: "call1", "note": "one = two"}

AWKWARD = "a b/é+%#?&='\"~;@$,!*()[]/日本/" + "x" * 200


def kind_of(driver: GcsDriver, act: Callable[[], object]) -> ErrorKind | None:
    """Return the kind of the error that `act` raises."""
    try:
        act()
    except Exception as error:  # noqa: BLE001 - its kind is what is tested
        return driver.classify(error)
    pytest.fail("nothing was raised")


def read(driver: GcsDriver, key: str, **options: Any) -> tuple[ObjectMeta, bytes]:
    with driver.get(key, **options) as found:
        return found.meta, b"".join(found.chunks)


def put(driver: GcsDriver, key: str, body: bytes = b"0123456789") -> ObjectMeta:
    return driver.put(key, body, mode="overwrite", metadata=METADATA)


def send(driver: GcsDriver, upload: str, bodies: list[bytes]) -> list[Part]:
    with ThreadPoolExecutor(8) as pool:
        return list(
            pool.map(
                lambda number: driver.put_part("big", upload, number, 0, bodies[number - 1]),
                range(1, len(bodies) + 1),
            )
        )


class serving:  # noqa: N801 - used as a function
    """Serve `handler` on a free port for the time of a with block."""

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)

    def __enter__(self) -> str:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
