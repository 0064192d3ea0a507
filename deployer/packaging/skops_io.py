"""A fitted pipeline to skops bytes and back: never pickle, and only types on an allow-list."""

import io
import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from deployer.errors import DamagedError, PolicyError
from deployer.packaging.skops_scan import SCHEMA, check_archive
from deployer.packaging.table import read_bytes

__all__ = ["ALWAYS_TRUSTED", "dump_skops", "load_skops"]

# skops trusts scikit-learn's and NumPy's own types, but not yet numpy.dtype, which SimpleImputer
# keeps. It is data: skops reads it from an empty array, with pickle forbidden.
ALWAYS_TRUSTED = ("numpy.dtype",)

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


def load_skops(path: Path, trusted: Iterable[str] = ()) -> Any:
    """Return the pipeline in the skops file at `path`.

    Args:
        path: the file.
        trusted: full names of types to allow beyond scikit-learn's and NumPy's own. The list
            comes from the caller, never from the file.

    Raises:
        MissingError: there is no such file.
        PolicyError: the file holds types that are not allowed.
        DamagedError: not a skops file.

    """
    import skops.io  # noqa: PLC0415 - seconds to import, with scikit-learn

    data = read_bytes(path)
    check_archive(data, where=str(path))
    allowed = [*ALWAYS_TRUSTED, *trusted]
    try:
        refused = sorted(set(skops.io.get_untrusted_types(data=data)) - set(allowed))
        if not refused:
            return skops.io.loads(data, trusted=allowed)
    except Exception as error:  # a hostile file can fail anywhere in the reader
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise DamagedError(
            f"not a skops file that can be read: {first}",
            where=str(path),
            hint="fetch the model again, or train it again",
        ) from error
    raise PolicyError(
        f"holds types that are not on the allow-list: {', '.join(refused)}",
        where=str(path),
        hint="add them to trusted only if you know who made the file",
    )
