"""What a skops file holds, told without scikit-learn, without skops, and without loading it.

Predicting needs no skops file. It is looked at all the same: a package with a file in it that
nobody should load is not one to believe anything of.
"""

import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from deployer.errors import DamagedError, PolicyError
from deployer.packaging.trusted import TRUSTED, TRUSTED_FUNCTIONS

__all__ = ["check_archive", "check_types"]

SCHEMA = "schema.json"
MAX_MEMBERS = 10_000
MAX_RATIO = 100
ALLOWANCE = 1024 * 1024  # bytes, for small files that compress well
_HEADER = 64 * 1024
_HINT = "fetch the model again, or train it again"

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\Z")
_PACKAGES = ("numpy", "scipy", "sklearn")
_BUILTINS = frozenset(
    [
        "bool",
        "bytearray",
        "bytes",
        "complex",
        "dict",
        "float",
        "frozenset",
        "int",
        "list",
        "NoneType",
        "object",
        "set",
        "slice",
        "str",
        "tuple",
    ]
)
_CALLABLES = frozenset(("FunctionNode", "MethodNode", "OperatorFuncNode", "PartialNode"))

# How files begin that other programs call models. A pickle says which protocol it is written in;
# joblib writes pickles, compressed or not.
_MAGIC = (
    (re.compile(rb"\x80[\x02-\x08]"), "a pickle, as pickle.dump and joblib.dump write it"),
    (re.compile(rb"\(dp?|\(lp?|c[a-z_.]+\n|ccopy_reg\n|\]q|\}q"), "a pickle of an old protocol"),
    (
        re.compile(
            rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b|BZh[1-9]|\xfd7zXZ\0|\x5d\0\0|\x04\x22\x4d\x18"
        ),
        "a compressed pickle, as joblib.dump writes it",
    ),
)


def check_archive(data: bytes, *, where: str) -> None:
    """Check that `data` is a zip of a few flat files that does not swell when it is read.

    Raises:
        PolicyError: it is a pickle, which nothing here loads.
        DamagedError: it is another kind of file.

    """
    for magic, kind in _MAGIC:
        if magic.match(data):
            raise PolicyError(
                f"not a skops file but {kind}: loading one can run any program",
                where=where,
                hint="save the model with skops.io.dump",
            )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise _damaged(str(error), where) from error
    names = [member.filename for member in members]
    if len(names) > MAX_MEMBERS:
        raise _damaged(f"{len(names)} members are more than {MAX_MEMBERS}", where)
    if len(set(names)) != len(names):
        raise _damaged("two of its members have one name", where)
    for name in names:
        if not _NAME.match(name):
            raise _damaged(f"it has a member called {name[:80]!r}", where)
    if SCHEMA not in names:
        raise _damaged(f"it has no {SCHEMA}", where)
    size = sum(member.file_size for member in members)
    if size > len(data) * MAX_RATIO + ALLOWANCE:
        raise _damaged(f"its {len(data)} bytes would become {size}", where)


def check_types(data: bytes, *, where: str, trusted: Iterable[str] = ()) -> None:
    """Check that the file holds values and types of scikit-learn, NumPy, SciPy and ours alone.

    Args:
        data: the file.
        where: what to call it in messages.
        trusted: full names of types and functions to allow as well; from the caller, never from
            the file.

    Raises:
        DamagedError: not a skops file.
        PolicyError: it holds other types, functions, or pickled objects.

    """
    check_archive(data, where=where)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            document = json.loads(archive.read(SCHEMA))
            pickled = [name for name in archive.namelist() if _is_pickled(archive, name)]
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise _damaged(str(error), where) from error
    except (ValueError, RecursionError, NotImplementedError, RuntimeError) as error:
        raise _damaged(f"{SCHEMA}: {error}", where) from error
    refused = sorted({*_refused(document, frozenset(trusted)), *pickled})
    if refused:
        raise PolicyError(
            f"holds what is not on the allow-list: {', '.join(refused[:5])}",
            where=where,
            hint="do not load it; use a model whose maker you know",
        )


def _refused(document: Any, trusted: frozenset[str]) -> Iterator[str]:
    """Yield the names of the types that are not allowed."""
    rest = [document]
    while rest:
        node = rest.pop()
        if isinstance(node, list):
            rest += node
        elif isinstance(node, dict):
            rest += node.values()
            if "__module__" in node or "__class__" in node or "__loader__" in node:
                module, name = str(node.get("__module__")), str(node.get("__class__"))
                called = f"{module}.{name}"
                if node.get("__loader__") in _CALLABLES:
                    allowed = called in TRUSTED_FUNCTIONS
                elif module == "builtins":
                    allowed = name in _BUILTINS
                else:
                    allowed = _is_known(module) or called in TRUSTED
                if not allowed and called not in trusted:
                    yield called[:100]


def _is_pickled(archive: zipfile.ZipFile, name: str) -> bool:
    """Tell whether an array's items are Python objects, which NumPy keeps as a pickle."""
    if not name.endswith(".npy"):
        return False
    with archive.open(name) as member:
        return b"O'" in member.read(_HEADER).partition(b"\n")[0]


def _is_known(module: str) -> bool:
    return module.partition(".")[0] in _PACKAGES


def _damaged(why: str, where: str) -> DamagedError:
    first = next(iter(why.splitlines()), "unreadable")
    return DamagedError(f"not a skops file that can be read: {first}", where=where, hint=_HINT)
