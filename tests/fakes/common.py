"""What the three dialects share: errors, ranges, pages."""

from __future__ import annotations

import base64
import binascii
import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.fakes.faults import Action
    from tests.fakes.state import State, StoredObject
    from tests.fakes.wire import Request, Response

Peek = Callable[[int], bytes]


class ApiError(Exception):
    """A refusal, turned into the dialect's own error document by the dialect."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        details: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message or code
        self.headers = dict(headers or {})
        self.details = dict(details or {})


class Dialect(Protocol):
    """One cloud's protocol over its own state."""

    name: str
    state: State

    def identify(self, request: Request, peek: Peek) -> None:
        """Name the operation, the bucket and the key."""

    def handle(self, request: Request) -> Response:
        """Carry out a complete request; every refusal is an ApiError."""

    def error(self, request: Request, error: ApiError) -> Response:
        """Render a refusal."""

    def scripted(self, request: Request, action: Action) -> ApiError:
        """Return what this cloud answers when a fault is scripted."""

    def cut(self, request: Request, received: bytes) -> None:
        """Learn that a request broke off after these bytes of its body."""

    def rebuilt(self, old: StoredObject, data: bytes) -> StoredObject:
        """Return the object as if a client had overwritten it with other bytes."""

    def pending(self, bucket: str) -> list[str]:
        """List the keys of unfinished multi-request uploads."""


class UnsatisfiableError(Exception):
    """RFC 9110 section 15.5.17: no byte of the range exists."""


_RANGE = re.compile(r"bytes=(\d*)-(\d*)$")


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Resolve a Range header to [start, end).

    None stands for the whole object: no header, or one that is no single range, which
    RFC 9110 section 14.2 has servers ignore.
    """
    found = _RANGE.match(header.replace(" ", "")) if header else None
    if found is None or found.group(1) == found.group(2) == "":
        return None
    first, last = found.groups()
    if first == "":  # the last N bytes
        if int(last) == 0 or size == 0:
            raise UnsatisfiableError
        return max(0, size - int(last)), size
    start = int(first)
    end = int(last) + 1 if last else size
    if last and end <= start:
        return None  # "bytes=5-2" is invalid, not unsatisfiable
    if start >= size:
        raise UnsatisfiableError
    return start, min(end, size)


@dataclass(slots=True)
class Page:
    """One page of a listing; `entries` keeps keys and prefixes in their common order."""

    keys: list[str] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    entries: list[tuple[bool, str]] = field(default_factory=list)  # (is a prefix, name)
    token: str | None = None

    def add(self, name: str, *, is_prefix: bool) -> None:
        (self.prefixes if is_prefix else self.keys).append(name)
        self.entries.append((is_prefix, name))


def _encode_token(name: str, *, is_prefix: bool) -> str:
    return base64.urlsafe_b64encode(("p" if is_prefix else "k").encode() + name.encode()).decode()


def _decode_token(token: str) -> tuple[bool, str]:
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise ValueError(token) from error
    if raw[:1] not in {"p", "k"}:
        raise ValueError(token)
    return raw[0] == "p", raw[1:]


def _group(key: str, prefix: str, delimiter: str) -> str | None:
    """Name the common prefix that stands for this key, if any."""
    if not delimiter:
        return None
    at = key.find(delimiter, len(prefix))
    return None if at < 0 else key[: at + len(delimiter)]


def page_of(
    ordered: Sequence[str],
    *,
    prefix: str = "",
    delimiter: str = "",
    start: str = "",
    after: str = "",
    before: str = "",
    token: str = "",
    limit: int,
) -> Page:
    """Cut one page: `start` is inclusive, `after` exclusive, `before` an exclusive end.

    A token that this server did not make raises ValueError.
    """
    page = Page()
    skip = ""
    at = bisect_left(ordered, max(prefix, start, after))
    if token:
        is_prefix, name = _decode_token(token)
        at = max(at, bisect_left(ordered, name))
        skip, after = (name, after) if is_prefix else ("", max(after, name))
    while at < len(ordered):
        key = ordered[at]
        if not key.startswith(prefix) or (before and key >= before):
            break
        at += 1
        if key <= after and after:
            continue
        if skip and key.startswith(skip):
            continue
        group = _group(key, prefix, delimiter)
        if len(page.entries) == limit:
            is_prefix, last = page.entries[-1] if page.entries else (False, "")
            page.token = _encode_token(last, is_prefix=is_prefix) if page.entries else None
            break
        if group is None:
            page.add(key, is_prefix=False)
        else:
            page.add(group, is_prefix=True)
            skip = group
    return page
