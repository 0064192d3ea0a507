"""Azure block lists: Put Block, Put Block List, Get Block List.

A block is verified as it arrives and nothing is visible before the list is committed. The MD5
of the assembled blob is not verified: x-ms-blob-content-md5 is stored as it was given
("Put Block List: this hash is not validated").
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from tests.fakes import azure, azure_headers, azure_lists
from tests.fakes.checksums import unb64
from tests.fakes.common import ApiError
from tests.fakes.wire import Request, Response

if TYPE_CHECKING:
    from tests.fakes.state import StoredObject

_MAX_UNCOMMITTED = 100_000
_MAX_COMMITTED = 50_000


class Blocks:
    """The uncommitted blocks of every blob."""

    def __init__(self, dialect: azure.Azure) -> None:
        self._azure = dialect
        self._staged: dict[tuple[str, str], dict[str, bytes]] = {}

    def pending(self, container: str) -> list[str]:
        with self._azure.state.lock:
            return sorted(key for held, key in self._staged if held == container)

    def discard(self, container: str, key: str) -> None:
        self._staged.pop((container, key), None)

    def put_block(self, request: Request) -> Response:
        """Put Block: ids of one blob have the same length, 64 bytes at most before base64."""
        identity = request.query.get("blockid", "")
        raw = unb64(identity)
        if not raw or len(raw) > 64:
            message = "The block id is no base64 of 1 to 64 bytes."
            raise ApiError(400, "InvalidQueryParameterValue", message)
        if not request.body:
            raise ApiError(400, "InvalidHeaderValue", "A block has at least one byte.")
        echoed = azure_headers.verify_transfer(request)
        with self._azure.state.lock:
            current = self._azure.container(request).objects.get(request.key)
            staged = self._staged.setdefault((request.bucket, request.key), {})
            others = [*staged, *(name for name, _ in (current.blocks if current else ()))]
            if any(len(other) != len(identity) for other in others):
                if not staged:
                    self.discard(request.bucket, request.key)
                message = "The specified blob or block content is invalid."
                raise ApiError(400, "InvalidBlobOrBlock", message)
            if len(staged) >= _MAX_UNCOMMITTED and identity not in staged:
                message = "The uncommitted block count cannot exceed 100,000."
                raise ApiError(409, "BlockCountExceedsLimit", message)
            staged[identity] = request.body
        return Response(201, {**echoed, "x-ms-request-server-encrypted": "true"})

    def put_list(self, request: Request) -> Response:
        """Put Block List: all or nothing, and the conditions are judged at this moment."""
        azure_headers.verify_transfer(request)
        wanted = _parse(request.body)
        with self._azure.state.lock:
            current = self._azure.container(request).objects.get(request.key)
            self._azure.check_write(request, current)
            blocks = self._chosen(request, current, wanted)
            stored = self._azure.make(
                request.key,
                b"".join(data for _, data in blocks),
                azure_headers.properties(request),
                azure_headers.metadata(request),
                request.headers.get("x-ms-blob-content-md5"),
                blocks,
            )
            self._azure.commit(request, stored)
        return Response(201, azure_headers.written(stored))

    def _chosen(
        self, request: Request, current: StoredObject | None, wanted: list[tuple[str, str]]
    ) -> tuple[tuple[str, bytes], ...]:
        staged = self._staged.get((request.bucket, request.key), {})
        committed = dict(current.blocks) if current else {}
        places = {
            "Latest": (staged, committed),
            "Uncommitted": (staged,),
            "Committed": (committed,),
        }
        chosen = []
        for kind, identity in wanted:
            data = next((held[identity] for held in places[kind] if identity in held), None)
            if data is None:
                raise ApiError(400, "InvalidBlockList", "The specified block list is invalid.")
            chosen.append((identity, data))
        return tuple(chosen)

    def get_list(self, request: Request) -> Response:
        """Get Block List: a blob of uncommitted blocks alone is there to be asked."""
        kind = request.query.get("blocklisttype", "committed")
        if kind not in {"committed", "uncommitted", "all"}:
            raise ApiError(400, "InvalidQueryParameterValue", "blocklisttype is not known.")
        with self._azure.state.lock:
            current = self._azure.container(request).objects.get(request.key)
            staged = dict(self._staged.get((request.bucket, request.key), {}))
        if current is None and not staged:
            raise azure.blob_not_found()
        shown = ""
        if kind != "uncommitted":
            shown += _blocks("CommittedBlocks", list(current.blocks) if current else [])
        if kind != "committed":
            shown += _blocks("UncommittedBlocks", list(staged.items()))
        response = azure_lists.xml_response(f"<BlockList>{shown}</BlockList>")
        if current is not None:
            response.headers |= azure_headers.written(current)
            response.headers["x-ms-blob-content-length"] = str(len(current.data))
        return response


def _parse(body: bytes) -> list[tuple[str, str]]:
    invalid = ApiError(400, "InvalidXmlDocument", "The XML is not syntactically valid.")
    try:
        root = ET.fromstring(body)
    except ET.ParseError:
        raise invalid from None
    found = [(entry.tag, (entry.text or "").strip()) for entry in root]
    if root.tag != "BlockList" or {kind for kind, _ in found} - {
        "Latest",
        "Committed",
        "Uncommitted",
    }:
        raise invalid
    if len(found) > _MAX_COMMITTED:
        raise ApiError(400, "BlockListTooLong", "The block list has more than 50,000 blocks.")
    return found


def _blocks(name: str, blocks: list[tuple[str, bytes]]) -> str:
    entries = "".join(
        f"<Block><Name>{escape(identity)}</Name><Size>{len(data)}</Size></Block>"
        for identity, data in blocks
    )
    return f"<{name}>{entries}</{name}>"
