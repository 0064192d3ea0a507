"""The log of requests that have passed: written in batches, whole lines at a time."""

import asyncio
import os
import re
from pathlib import Path

import msgspec

from deployer.drills.evidence.records import Passed
from deployer.drills.proxy.exchange import Exchange

__all__ = ["Traffic", "without_secrets"]

_DELAY = 0.1  # seconds until a line is written
_SECRETS = re.compile(
    r"([?&](?:sig|sv_sig|signature|x-amz-signature|x-amz-credential|x-amz-security-token|"
    r"x-goog-signature|x-goog-credential|upload_id|access_token|token|key)=)[^&]*",
    re.IGNORECASE,
)


def without_secrets(target: str) -> str:
    """Return path and query without what lets its reader in: signatures, tokens, upload ids."""
    return _SECRETS.sub(r"\1-", target)


class Traffic:
    """A file of :class:`~deployer.drills.evidence.records.Passed`.

    Args:
        path: of the file, to which is added.

    Raises:
        OSError: it cannot be written.

    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._encoder = msgspec.json.Encoder()
        self._lines: list[bytes] = []

    def note(self, listener: str, exchange: Exchange) -> None:
        """Note a request down."""
        passed = Passed(
            at=exchange.at,
            listener=listener,
            method=exchange.head.method,
            target=without_secrets(exchange.head.target),
            sent=exchange.sent,
            status=exchange.status,
            received=exchange.received,
            rules=exchange.rules,
        )
        if not self._lines:
            asyncio.get_running_loop().call_later(_DELAY, self.flush)
        self._lines.append(self._encoder.encode(passed))

    def flush(self) -> None:
        """Write what is not written yet."""
        if self._lines and self._file >= 0:
            data = b"\n".join([*self._lines, b""])
            self._lines.clear()
            while data:
                data = data[os.write(self._file, data) :]

    def close(self) -> None:
        """Write the rest."""
        self.flush()
        os.close(self._file)
        self._file = -1
