"""Large objects on Cloud Storage: parts are objects, and the server joins them.

A resumable upload takes its bytes one after the other. Side by side they become objects of
their own, of which the server composes up to 32 at a time ("Parallel composite uploads",
"Composite objects").
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from types import MappingProxyType
from typing import Any

from providers import _gcs_crc32c as crc32c
from providers._gcs_http import Http, escape, pages
from providers._gcs_resource import NEW_FIELDS
from providers.keys import PARTS_PREFIX
from providers.model import Part

__all__ = ["COMPOSE_SOURCES", "PartObjects"]

COMPOSE_SOURCES = 32  # "Quotas & limits"
WORKERS = 16  # requests at once about the parts of one upload, none of which carries bytes

_NUMBER = re.compile(r"\d{5}\Z")


class PartObjects:
    """The parts of unfinished uploads in one bucket.

    Args:
        http: sends requests.
        objects: path of the bucket's objects.
        uploads: path that takes new objects.
        delete: removes an object that may be absent.

    """

    def __init__(
        self, http: Http, objects: str, uploads: str, delete: Callable[[str], None]
    ) -> None:
        self._http = http
        self._objects = objects
        self._uploads = uploads
        self._delete = delete

    def put(self, upload: str, number: int, body: bytes) -> Part:
        """Write a part; its tag is its checksum."""
        tag = crc32c.checksum(body)
        self._http.upload(
            self._uploads,
            {"uploadType": "multipart", "fields": "size"},
            {"name": _name(upload, number), "crc32c": tag},
            body,
        )
        return Part(number, len(body), tag)

    def list(self, upload: str) -> Sequence[Part]:
        """Return the parts that the server holds."""
        prefix = _prefix(upload)
        return [
            Part(int(number), int(item["size"]), item["crc32c"])
            for item in self._items(prefix, "name,size,crc32c")
            if _NUMBER.match(number := item["name"].removeprefix(prefix))
        ]

    def compose(
        self,
        upload: str,
        parts: Sequence[Part],
        key: str,
        metadata: Mapping[str, str],
        condition: Mapping[str, str],
    ) -> dict[str, Any]:
        """Make an object of its parts, remove these, and return the object's resource.

        Groups of parts are joined first while there are too many for one request. The condition
        is the last request's: until then nothing is visible, and a repetition finds every part
        where it was. So is the checksum of the whole, derived from those of the parts.
        """
        parts = sorted(parts)
        whole = crc32c.of_parts((part.tag, part.size) for part in parts)
        names = [_name(upload, part.number) for part in parts]
        used = list(names)
        with ThreadPoolExecutor(WORKERS) as pool:
            level = 0
            while len(names) > COMPOSE_SOURCES:
                level += 1
                groups = [
                    names[first : first + COMPOSE_SOURCES]
                    for first in range(0, len(names), COMPOSE_SOURCES)
                ]
                names = [
                    f"{_prefix(upload)}level{level}-{number:05d}" for number in range(len(groups))
                ]
                used += names
                for _ in pool.map(self._join, groups, names):
                    pass
            resource = {"metadata": metadata, "crc32c": whole}
            written = self._join(names, key, resource, condition)
            # What cannot be removed now costs storage until the lifecycle rule removes it; an
            # error here would cost the upload, which is complete.
            wait([pool.submit(self._delete, name) for name in used])
        return written

    def _join(
        self,
        sources: Sequence[str],
        key: str,
        resource: Mapping[str, Any] = MappingProxyType({}),
        condition: Mapping[str, str] = MappingProxyType({}),
    ) -> dict[str, Any]:
        return self._http.json(
            "POST",
            f"{self._objects}/{escape(key)}/compose",
            {"fields": NEW_FIELDS, **condition},
            {
                "sourceObjects": [{"name": name} for name in sources],
                "destination": {"contentType": "application/octet-stream"} | dict(resource),
            },
        )

    def remove(self, upload: str) -> None:
        """Remove whatever is left of an upload."""
        names = [item["name"] for item in self._items(_prefix(upload), "name")]
        if names:
            with ThreadPoolExecutor(WORKERS) as pool:
                for _ in pool.map(self._delete, names):
                    pass

    def _items(self, prefix: str, fields: str) -> Iterator[dict[str, Any]]:
        query = {"prefix": prefix, "fields": f"nextPageToken,items({fields})"}
        for page in pages(self._http, self._objects, query):
            yield from page.get("items", ())


def _prefix(upload: str) -> str:
    return f"{PARTS_PREFIX}{upload}/"


def _name(upload: str, number: int) -> str:
    return f"{_prefix(upload)}{number:05d}"
