"""Bytes to a model directory, all or nothing."""

import hashlib
import os
import secrets
import shutil
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from deployer.errors import DeployerError, FailedError, UsageError
from deployer.packaging.documents import FileEntry
from deployer.packaging.layout import MODEL_FILE, PACKAGE_FILES, decode_model

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["check_destination", "file_entry", "is_package", "write_package"]


def file_entry(name: str, content: bytes) -> FileEntry:
    """Return the entry of a file called `name` that holds `content`."""
    return FileEntry(path=name, size=len(content), sha256=hashlib.sha256(content).hexdigest())


def is_package(directory: Path) -> bool:
    """Return whether `directory` is a model package that this deployer can read."""
    try:
        decode_model((directory / MODEL_FILE).read_bytes(), where=MODEL_FILE)
    except (OSError, DeployerError):
        return False
    return True


def check_destination(out: Path, *, force: bool) -> None:
    """Check that a package may be written to `out`; call it before the work, too.

    Raises:
        UsageError: `out` is a file; or a directory that is not a package, or holds more than one,
            which nothing may replace; or a package, and `force` is not set.

    """
    where = str(out)
    if not out.exists() and not out.is_symlink():
        ancestor = next(each for each in out.resolve().parents if each.exists())
        if not ancestor.is_dir():
            raise UsageError(
                f"{ancestor} is not a directory", where=where, hint="choose another --out"
            )
        return
    if not out.is_dir():
        raise UsageError("exists and is not a directory", where=where, hint="choose another --out")
    if Path.cwd().is_relative_to(out.resolve()):
        raise UsageError("is the current directory", where=where, hint="choose another --out")
    if not is_package(out):
        raise UsageError(
            "exists and is not a model package, so it is not replaced",
            where=where,
            hint="choose another --out",
        )
    strangers = sorted({each.name for each in out.iterdir()} - set(PACKAGE_FILES))
    if strangers:
        raise UsageError(
            f"holds what is not part of a model package: {', '.join(strangers[:5])}",
            where=where,
            hint="move it away, or choose another --out",
        )
    if not force:
        raise UsageError(
            "holds a model already",
            where=where,
            hint="replace it with --force, or choose another --out",
        )


def write_package(out: Path, files: Mapping[str, bytes], *, force: bool = False) -> None:
    """Write `files` (name to content) as the directory `out`.

    The directory appears whole, by a rename: whoever looks sees the old package, none, or the new
    one. Parents are created.

    Raises:
        UsageError: as :func:`check_destination`.
        FailedError: the system does not let us write.

    """
    check_destination(out, force=force)
    target, where = out.resolve(), str(out)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _partial(target) as fresh:
            for name, content in files.items():
                _write(fresh / name, content)
            _swap(fresh, target)
    except OSError as error:
        raise FailedError(
            f"cannot be written: {error.strerror}",
            where=where,
            hint="check the permissions and the free space, or choose another --out",
        ) from error


@contextmanager
def _partial(target: Path) -> "Iterator[Path]":
    # A sibling, so that the rename stays within one file system.
    fresh = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
    fresh.mkdir()
    try:
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _swap(fresh: Path, target: Path) -> None:
    if not target.exists():
        fresh.rename(target)
        return
    # A directory that is not empty cannot be renamed over.
    old = target.with_name(f".{target.name}.{secrets.token_hex(4)}.old")
    target.rename(old)
    try:
        fresh.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old)
