"""Folders of files: which ones may be published, and which paths may be written on a pull."""

import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from deployer.errors import DamagedError, MissingError, UsageError

__all__ = ["check_paths", "path_problem", "scan"]

MAX_FILES = 10_000
MAX_DEPTH = 16
MAX_PATH_BYTES = 512
MAX_NAME_BYTES = 255

_DRIVE = re.compile(r"[A-Za-z]:")
_RESERVED = re.compile(r"(?i)(con|conin\$|conout\$|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])\s*(\.|\Z)")


def path_problem(path: str) -> str:
    """Return why `path` must not be written below a target folder; empty when it may.

    Paths come from a manifest, which may have been written by an attacker. What is refused here
    is refused on every system, so that a version that can be pulled at all can be pulled anywhere.
    """
    if not path:
        return "is empty"
    try:
        length = len(path.encode())
    except UnicodeEncodeError:
        return "is not valid Unicode"
    if length > MAX_PATH_BYTES:
        return f"is longer than {MAX_PATH_BYTES} bytes"
    if "\\" in path:
        return "holds a backslash"
    if path.startswith("/"):
        return "is absolute"
    if any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co") for char in path):
        return "holds a control or an invisible character"
    segments = path.split("/")
    if len(segments) > MAX_DEPTH:
        return f"is deeper than {MAX_DEPTH} folders"
    return next(filter(None, map(_segment_problem, segments)), "")


def _segment_problem(segment: str) -> str:
    if not segment:
        return "has an empty segment"
    if segment.strip(". ") == "":
        return f"has the segment {segment!r}"
    if segment.endswith((".", " ")):
        return "has a segment that ends in a dot or a space"
    if _DRIVE.match(segment) or ":" in segment:
        return "holds a colon: a drive or a stream on Windows"
    if _RESERVED.match(segment):
        return f"has the segment {segment!r}, a device on Windows"
    if len(segment.encode()) > MAX_NAME_BYTES:
        return f"has a segment longer than {MAX_NAME_BYTES} bytes"
    return ""


def check_paths(paths: Sequence[str], *, where: str) -> None:
    """Raise DamagedError unless all `paths` can be written below one folder, on any system.

    Two paths that a file system may take for one (case, Unicode normalisation), and a file that
    another path needs as a folder, are refused too.
    """
    if len(paths) > MAX_FILES:
        raise _refused(f"{len(paths)} files are more than {MAX_FILES}", where)
    seen: dict[str, str] = {}
    for path in paths:
        problem = path_problem(path)
        if problem:
            raise _refused(f"path {path!r} {problem}", where)
        folded = _fold(path)
        if folded in seen:
            raise _refused(
                f"paths {seen[folded]!r} and {path!r} are one on some file systems", where
            )
        seen[folded] = path
    for path in paths:
        for parent in Path(_fold(path)).parents:
            if parent.as_posix() in seen:
                raise _refused(f"path {seen[parent.as_posix()]!r} is a file and a folder", where)


def _refused(problem: str, where: str) -> DamagedError:
    return DamagedError(
        problem, where=where, hint="the manifest is forged or damaged: use another cloud"
    )


def _fold(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _unreadable(error: OSError) -> None:
    raise UsageError(
        f"cannot be read: {error.strerror}",
        where=str(error.filename),
        hint="correct its permissions",
    ) from error


def scan(root: Path) -> list[tuple[str, Path]]:
    """Return ``(relative path, file)`` of every file below `root`, ordered by path.

    Raises:
        MissingError: `root` does not exist.
        UsageError: `root` is no folder or empty, or something in it cannot be published.

    """
    if not root.exists():
        raise MissingError("no such folder", where=str(root), hint="train a model first")
    if not root.is_dir():
        raise UsageError("not a folder", where=str(root), hint="name the model's folder")
    found: list[tuple[str, Path]] = []
    for folder, folders, files in os.walk(root, onerror=_unreadable):
        for name in (*folders, *files):
            path = Path(folder, name)
            if path.is_symlink() or not (path.is_dir() or path.is_file()):
                raise UsageError(
                    "a link or a special file cannot be published",
                    where=str(path),
                    hint="replace it by a regular file",
                )
        found += [(Path(folder, n).relative_to(root).as_posix(), Path(folder, n)) for n in files]
    if not found:
        raise UsageError("the folder is empty", where=str(root), hint="name the model's folder")
    found.sort()
    try:
        check_paths([path for path, _ in found], where=str(root))
    except DamagedError as error:
        raise UsageError(error.message, where=str(root), hint="rename the file") from error
    return found
