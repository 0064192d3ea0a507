"""A reader of the on-store format, written from docs/format.md alone: proof that it says enough.

It imports nothing of this project and never will. What it needs and the document does not say is
a gap in the document.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

Get = Callable[[str], bytes]  # raises KeyError for an object that is not there

DIGEST, TIME = r"[0-9a-f]{64}", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
NAME, TEXT = r"(?!.*\.\.)[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?", r"(?s:.*)"
DEVICE = r"(?i:con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\..*)?"
# What a value must be: a pattern for strings, a lowest integer, a type, a list of one kind, an object
# with these fields ("?": may be absent; "*": any name), or one of several.
SOME_DIGEST, SOME_OBJECT = (DIGEST, None), (dict, None)
FILE = {"path": TEXT, "size": 0, "sha256": DIGEST}
KINDS: dict[str, dict[str, Any]] = {
    "marker": {"registry": UUID, "store": UUID, "home": UUID, "epoch": 1, "created": TIME},
    "manifest": {
        "files": [FILE], "schema": SOME_OBJECT, "metrics": SOME_OBJECT,
        "lineage": {"parent": SOME_DIGEST, "data": SOME_DIGEST, "commit": (TEXT, None)},
        "frameworks": {"*": TEXT}, "residency": [TEXT], "signature": SOME_DIGEST,
    },
    "version": {
        "model": NAME, "version": 1, "manifest": DIGEST, "txn": UUID, "created": TIME, "by": TEXT,
    },
    "alias": {
        "model": NAME, "alias": NAME, "epoch": 1, "seq": 1, "version": 1, "manifest": DIGEST,
        "prev": SOME_DIGEST, "txn": UUID, "at": TIME, "by": TEXT,
        "expires?": TIME, "note?": TEXT, "removed?": True, "verdict?": dict, "sig?": TEXT,
    },
    "intent": {
        "id": UUID, "model": NAME, "manifest": DIGEST, "blobs": [DIGEST], "created": TIME,
        "expires": TIME, "by": TEXT,
    },
    "deletion": {
        "model": NAME, "version": 1, "manifest": DIGEST, "txn": UUID, "at": TIME, "by": TEXT,
        "note?": TEXT, "claim?": True,
    },
    "tombstone": {
        "id": UUID, "at": TIME, "by": TEXT, "objects": [{"key": TEXT, "size": 0, "version": TEXT}],
    },
    "sweep": {"id": UUID, "active": bool, "at": TIME, "by": TEXT},
    "claim": {"registry": UUID, "epoch": 2, "home": UUID, "at": TIME, "by": TEXT},
}  # fmt: skip


class RefusedError(Exception):
    """The store holds what the format forbids."""


def require(holds: object, problem: str) -> None:
    if not holds:
        raise RefusedError(problem)


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def fits(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, tuple):
        return any(fits(value, each) for each in wanted)
    if isinstance(wanted, str):
        return isinstance(value, str) and re.fullmatch(wanted, value) is not None
    if wanted is None or wanted is True:
        return value is wanted
    if isinstance(wanted, int):
        return type(value) is int and wanted <= value < 2**53
    if isinstance(wanted, list):
        return isinstance(value, list) and all(fits(each, wanted[0]) for each in value)
    if not isinstance(wanted, dict):
        return isinstance(value, wanted)
    if not isinstance(value, dict) or "*" in wanted:
        return isinstance(value, dict) and all(fits(v, wanted["*"]) for v in value.values())
    kinds = {name.rstrip("?"): kind for name, kind in wanted.items()}
    needed = {name for name in wanted if not name.endswith("?")}
    return needed <= value.keys() <= kinds.keys() and all(
        fits(each, kinds[name]) for name, each in value.items()
    )


def document(body: bytes, kind: str) -> dict[str, Any]:
    """Return a document of format 1."""
    require(len(body) <= 16 * 1024 * 1024, "too long")
    try:
        value = json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise RefusedError("no JSON") from error
    right = fits(value, {"format": 1, **KINDS[kind]}) and value["format"] == 1
    require(right, f"not a {kind} of format 1")
    return dict(value)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    require(len(dict(pairs)) == len(pairs), "a field is there twice")
    return dict(pairs)


def _no_number(text: str) -> None:
    raise RefusedError(f"{text} is no number")


def keys_of(kind: str, body: bytes) -> set[str]:
    """Return where a document may be, by what it says."""
    said = document(body, kind)
    model, number = f"models/{said.get('model')}", f"{said.get('version', 0):08d}"
    alias = f"{model}/aliases/{said.get('alias')}"
    return {
        "marker": {"deployer.json"},
        "manifest": {f"manifests/sha256/{sha256(body)}.json"},
        "version": {f"{model}/versions/{number}.json"},
        "alias": {f"{alias}.json", f"{alias}.log/{said.get('seq', 0):08d}.json"},
        "intent": {f"txn/{said.get('id')}.json"},
        "deletion": {f"{model}/deleted/{number}.json"},
        "tombstone": {f"gc/{said.get('id')}.json"},
        "sweep": {"gc/sweep.json"},
        "claim": {f"epochs/{said.get('epoch', 0):08d}.json"},
    }[kind]


def path_is_safe(path: str) -> bool:
    segments = path.split("/")
    return (
        not any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co"} for char in path)
        and 0 < len(path.encode()) <= 512
        and len(segments) <= 16
        and "\\" not in path
        and all(
            segment.strip(". ") and segment[-1] not in ". " and ":" not in segment
            and len(segment.encode()) <= 255 and not re.fullmatch(DEVICE, segment)
            for segment in segments
        )
    )  # fmt: skip


def paths_are_safe(paths: list[str]) -> bool:
    folded = [_nfc(_nfc(path).casefold()) for path in paths]
    folders = {path[:at] for path in folded for at, char in enumerate(path) if char == "/"}
    return (
        len(paths) <= 10_000
        and all(map(path_is_safe, paths))
        and len(set(folded)) == len(folded)
        and not folders & set(folded)
    )


def read_manifest(get: Get, digest: str) -> dict[str, Any]:
    body = get(f"manifests/sha256/{digest}.json")
    require(sha256(body) == digest, "the manifest is another one")
    manifest = document(body, "manifest")
    require(paths_are_safe([file["path"] for file in manifest["files"]]), "unsafe paths")
    return manifest


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def read_alias(get: Get, model: str, alias: str) -> dict[str, Any]:
    record = document(get(f"models/{model}/aliases/{alias}.json"), "alias")
    require((record["model"], record["alias"]) == (model, alias), "the record is another's")
    return record


def resolve(get: Get, reference: str) -> tuple[int | None, str]:
    """Return the version and the manifest's digest that a reference means.

    Raises:
        KeyError: there is no such thing.
        RefusedError: there is, and it must not be believed.

    """
    model, _, digest = reference.partition("@sha256:")
    if digest:
        return None, digest
    model, _, number = reference.partition(":")
    model, _, alias = model.partition("@")
    record = None
    if not number:
        record = read_alias(get, model, alias or "latest")
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        require(record.get("expires", now) >= now, "the alias has expired")
        if record.get("removed"):
            raise KeyError(reference)
        number = record["version"]
    version = document(get(f"models/{model}/versions/{int(number):08d}.json"), "version")
    require((version["model"], version["version"]) == (model, int(number)), "another's record")
    require(record is None or record["manifest"] == version["manifest"], "alias and version differ")
    return int(number), version["manifest"]


def read(get: Get, reference: str) -> dict[str, bytes]:
    """Return the files of a version: path → content."""
    files = {}
    for file in read_manifest(get, resolve(get, reference)[1])["files"]:
        body = get(f"blobs/sha256/{file['sha256'][:2]}/{file['sha256']}")
        right = len(body) == file["size"] and sha256(body) == file["sha256"]
        require(right, f"{file['path']} is damaged")
        files[file["path"]] = body
    return files


def history(get: Get, model: str, alias: str) -> list[dict[str, Any]]:
    """Return every move of an alias, oldest first, its chain checked."""
    last = read_alias(get, model, alias)
    moves, previous = [], None
    for seq in range(1, last["seq"] + 1):
        body = get(f"models/{model}/aliases/{alias}.log/{seq:08d}.json")
        move = document(body, "alias")
        found = (move["model"], move["alias"], move["seq"], move["prev"])
        require(found == (model, alias, seq, previous), "the log is no chain")
        moves.append(move)
        previous = sha256(body)
    require(moves[-1] == last, "the alias is not the end of its log")
    return moves
