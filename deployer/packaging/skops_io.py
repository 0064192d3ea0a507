"""A fitted pipeline to skops bytes and back: never pickle, and only types on an allow-list."""

import io
import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from deployer.errors import DamagedError, PolicyError
from deployer.packaging.skops_scan import SCHEMA, check_archive
from deployer.packaging.trusted import TRUSTED
from deployer.tables.source import read_bytes

__all__ = ["dump_skops", "load_skops", "trusted_types"]

_EPOCH = (1980, 1, 1, 0, 0, 0)


def dump_skops(pipeline: Any) -> bytes:
    """Return `pipeline` in the skops format, the same bytes for the same pipeline."""
    import skops.io  # noqa: PLC0415 - seconds to import, with scikit-learn

    return _canonical(skops.io.dumps(pipeline))


def _canonical(data: bytes) -> bytes:
    """Replace what skops takes from the clock and from memory addresses."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    document = json.loads(members[SCHEMA])
    names: dict[str, str] = {}
    _renumber(document, {}, names)
    renamed = {names[name]: content for name, content in members.items() if name in names}
    renamed[SCHEMA] = json.dumps(document, separators=(",", ":")).encode()
    buffer = io.BytesIO()
    # Stored, not deflated: compressors differ between builds of zlib.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(renamed):
            archive.writestr(zipfile.ZipInfo(name, date_time=_EPOCH), renamed[name])
    return buffer.getvalue()


def _renumber(node: Any, ids: dict[int, int], names: dict[str, str]) -> None:
    """Give objects and array files numbers in the order in which the document names them."""
    if isinstance(node, list):
        for item in node:
            _renumber(item, ids, names)
    elif isinstance(node, dict):
        if isinstance(node.get("__id__"), int):
            node["__id__"] = ids.setdefault(node["__id__"], len(ids) + 1)
        if isinstance(node.get("file"), str) and "__loader__" in node:
            suffix = Path(node["file"]).suffix
            node["file"] = names.setdefault(node["file"], f"{len(names) + 1:04}{suffix}")
        for item in node.values():
            _renumber(item, ids, names)


def trusted_types(data: bytes) -> list[str]:
    """Return the types in skops bytes of our own making that skops does not trust by itself.

    Whoever loads the file with skops must allow them; :func:`load_skops` allows those of
    :data:`~deployer.packaging.trusted.TRUSTED`.
    """
    import skops.io  # noqa: PLC0415 - seconds to import, with scikit-learn

    return sorted(set(skops.io.get_untrusted_types(data=data)))


def load_skops(source: Path | bytes, trusted: Iterable[str] = (), *, where: str = "") -> Any:
    """Return the pipeline in a skops file.

    Nothing else is ever loaded in its place: not a pickle, not what joblib writes.

    Args:
        source: the file, or its bytes.
        trusted: full names of types to allow beyond those that skops trusts by itself and those
            of :data:`~deployer.packaging.trusted.TRUSTED`. The list comes from the caller, never
            from the file.
        where: what to call the bytes in messages.

    Raises:
        MissingError: there is no such file.
        PolicyError: a pickle, or the file holds types that are not allowed.
        DamagedError: not a skops file.

    """
    import skops.io  # noqa: PLC0415 - seconds to import, with scikit-learn

    data = source if isinstance(source, bytes) else read_bytes(source)
    called = where or ("model.skops" if isinstance(source, bytes) else str(source))
    check_archive(data, where=called)
    allowed = [*TRUSTED, *trusted]
    try:
        refused = sorted(set(skops.io.get_untrusted_types(data=data)) - set(allowed))
        if not refused:
            return skops.io.loads(data, trusted=allowed)
    except Exception as error:  # a hostile file can fail anywhere in the reader
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise DamagedError(
            f"not a skops file that can be read: {first}",
            where=called,
            hint="fetch the model again, or train it again",
        ) from error
    raise PolicyError(
        f"holds types that are not on the allow-list: {', '.join(refused)}",
        where=called,
        hint="add them to trusted only if you know who made the file",
    )
