"""A client of a router, with no retries of its own."""

import json
import time
from typing import Any, NamedTuple

import urllib3

__all__ = ["INFER", "Client", "Reply"]

INFER = "/v2/models/penguins/infer"


class Reply(NamedTuple):
    status: int
    body: dict[str, Any]
    headers: dict[str, str]
    seconds: float


class Client:
    def __init__(self, port: int) -> None:
        self._pool = urllib3.HTTPConnectionPool("127.0.0.1", port, retries=False, timeout=10)

    def ask(
        self, path: str = INFER, body: bytes = b"{}", method: str = "POST", **given: str
    ) -> Reply:
        began = time.monotonic()
        headers = {name.replace("_", "-"): value for name, value in given.items()}
        answer = self._pool.request(method, path, body=body, headers=headers)
        lower = {name.lower(): value for name, value in answer.headers.items()}
        content = json.loads(answer.data)
        return Reply(answer.status, content, lower, time.monotonic() - began)

    def answers(self) -> bool:
        try:
            return self.ask().status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def status(self) -> int:
        """Return the status of a prediction; 0 if there was no answer."""
        try:
            return self.ask().status
        except urllib3.exceptions.HTTPError:
            return 0
