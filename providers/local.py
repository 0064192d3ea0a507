"""A folder as an object store: one plain file per object, safe under crashes and many processes.

A write goes to a temporary file, is flushed to the disk, described in a sidecar, and only then
takes its name, by ``link`` (create-only: the kernel refuses a second one) or by ``rename`` under
a lock. The version of an object is the identity of its file (inode, modification time, size),
and the sidecar is named after it: so a file and a sidecar of two different writes can never be
taken for a pair, whatever a crash leaves behind. Everything that is not an object lives under
``.deployer-parts/``.

The locks are ``flock``: on a network file system they hold only where the server supports them.
A folder cannot hold both the object ``a`` and objects below ``a/``.
"""

import errno
import io
import os
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from providers._local_sidecar import Beside, flush, flush_folder
from providers.diagnosis import Here
from providers.driver import SHA256
from providers.errors import ErrorKind
from providers.keys import PARTS_PREFIX
from providers.model import (
    MIB,
    ByteRange,
    Capabilities,
    Listing,
    ObjectMeta,
    Part,
    PartLimits,
    PutMode,
    Read,
    Version,
)

__all__ = ["LocalDriver", "LocalFault"]

READ_SIZE = 1 * MIB
PLACE_ATTEMPTS = 20


class LocalFault(Exception):  # noqa: N818 - plays the part of an SDK's error
    """What the folder "cloud" raises beside OSError; carries its kind."""

    def __init__(self, kind: ErrorKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class LocalDriver:
    """Objects as files below `root`, a folder that exists."""

    capabilities = Capabilities(
        presign=False,
        server_checksum="",
        conditional_delete=True,
        lists_metadata=True,
        parts=PartLimits(min_size=1, max_size=1024 * MIB, max_count=100_000),
    )

    diagnosis = Here("permissions of the file system")

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.url = self.root.as_uri()
        self._private = self.root / PARTS_PREFIX.rstrip("/")

    def classify(self, error: Exception) -> ErrorKind | None:
        """Return the kind of an OSError or of a fault of our own."""
        if isinstance(error, LocalFault):
            return error.kind
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            exists = self.root.is_dir()
            return ErrorKind.NOT_FOUND if exists else ErrorKind.BUCKET_NOT_FOUND
        if isinstance(error, PermissionError):
            return ErrorKind.PERMISSION_DENIED
        return ErrorKind.OTHER if isinstance(error, OSError) else None

    # Writing

    def put(
        self, key: str, body: bytes, *, mode: PutMode, metadata: Mapping[str, str]
    ) -> ObjectMeta:
        """Write an object."""
        temporary = self._folder("tmp") / uuid.uuid4().hex
        try:
            with temporary.open("xb") as file:
                file.write(body)
                flush(file.fileno())
            return self._commit(key, temporary, mode, metadata)
        finally:
            temporary.unlink(missing_ok=True)

    def start_upload(self, key: str, *, metadata: Mapping[str, str]) -> str:
        """Make the folder in which the parts come together."""
        upload = uuid.uuid4().hex
        folder = self._folder("uploads") / upload
        folder.mkdir()
        (folder / "data").touch()
        return upload

    def put_part(self, key: str, upload: str, number: int, offset: int, body: bytes) -> Part:
        """Write a part at its place in the file, then mark it as done."""
        folder = self._upload(upload)
        fd = os.open(folder / "data", os.O_WRONLY)
        try:
            done = 0
            while done < len(body):
                done += os.pwrite(fd, memoryview(body)[done:], offset + done)
            flush(fd)
        finally:
            os.close(fd)
        (folder / f"{number}-{len(body)}.done").touch()
        return Part(number, len(body), "")

    def list_parts(self, key: str, upload: str) -> Sequence[Part]:
        """Return the parts that are marked as done."""
        names = (path.stem.split("-") for path in self._upload(upload).glob("*.done"))
        return sorted(Part(int(number), int(size), "") for number, size in names)

    def finish_upload(
        self,
        key: str,
        upload: str,
        parts: Sequence[Part],
        *,
        mode: PutMode,
        metadata: Mapping[str, str],
    ) -> ObjectMeta:
        """Give the file its name."""
        folder = self._upload(upload)
        os.truncate(folder / "data", sum(part.size for part in parts))
        meta = self._commit(key, folder / "data", mode, metadata)
        shutil.rmtree(folder, ignore_errors=True)
        return meta

    def abort_upload(self, key: str, upload: str) -> None:
        """Remove the parts."""
        shutil.rmtree(self._private / "uploads" / upload, ignore_errors=True)

    def _upload(self, upload: str) -> Path:
        folder = self._private / "uploads" / upload
        if not folder.is_dir():
            raise LocalFault(ErrorKind.NOT_FOUND, "the upload does not exist")
        return folder

    def _commit(
        self, key: str, file: Path, mode: PutMode, metadata: Mapping[str, str]
    ) -> ObjectMeta:
        """Turn the finished `file` into the object `key`."""
        path = self._path(key)
        # Kernels stamp files with a clock of several milliseconds, in which an inode can be
        # freed and used again: the version needs a finer one.
        os.utime(file, ns=(time.time_ns(), time.time_ns()))
        stat = file.stat()
        self._require_root()
        beside = self._beside(key)
        sidecar = beside.write(_version(stat).token, key, metadata)
        try:
            with beside.lock():
                if isinstance(mode, Version) and self._current(path) != mode:
                    raise LocalFault(ErrorKind.PRECONDITION, "the object is not that version")
                self._place(file, path, create=mode == "create")
                flush_folder(path.parent)
                beside.drop_stale(sidecar)
        except BaseException:
            sidecar.unlink(missing_ok=True)
            raise
        return _meta(key, stat, metadata)

    def _place(self, file: Path, path: Path, *, create: bool) -> None:
        for _ in range(PLACE_ATTEMPTS):
            self._require_root()
            # A delete may take an empty folder away at any moment.
            with suppress(FileNotFoundError):
                self._make_parents(path)
                return _link(file, path) if create else _rename(file, path)
        raise LocalFault(ErrorKind.UNAVAILABLE, f"{path.parent} is created and removed in turn")

    def _make_parents(self, path: Path) -> None:
        self._require_root()
        missing = []
        folder = path.parent
        while not folder.is_dir():
            missing.append(folder)
            folder = folder.parent
        for folder in reversed(missing):
            try:
                folder.mkdir(exist_ok=True)
            except (FileExistsError, NotADirectoryError):
                raise _folder_in_the_way(folder) from None
            flush_folder(folder.parent)

    def _current(self, path: Path) -> Version | None:
        try:
            return _version(path.stat())
        except FileNotFoundError:
            return None

    def _folder(self, name: str) -> Path:
        folder = self._private / name
        if not folder.is_dir():
            self._require_root()
            folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _require_root(self) -> None:
        if not self.root.is_dir():
            raise FileNotFoundError(errno.ENOENT, "no such folder", str(self.root))

    # Reading

    @contextmanager
    def get(
        self, key: str, *, range: ByteRange | None = None, if_match: Version | None = None
    ) -> Iterator[Read]:
        """Read an object or a range of it."""
        path = self._path(key)
        with _open_file(path) as file:
            stat = os.fstat(file.fileno())
            if if_match is not None and _version(stat) != if_match:
                raise LocalFault(ErrorKind.PRECONDITION, "the object is another version")
            start, end = 0, stat.st_size
            if range is not None:
                start = range.start
                end = end if range.end is None else min(end, range.end)
                if start >= stat.st_size:
                    raise LocalFault(ErrorKind.RANGE, "the range starts past the end")
            meta = self._meta(key, stat)
            yield Read(meta, _pieces(file.fileno(), start, end))

    def head(self, key: str) -> ObjectMeta:
        """Return what is known of an object."""
        path = self._path(key)
        stat = path.stat()
        if path.is_dir():
            raise FileNotFoundError(errno.ENOENT, "no such object", str(path))
        return self._meta(key, stat)

    def _meta(self, key: str, stat: os.stat_result) -> ObjectMeta:
        return _meta(key, stat, self._beside(key).read(_version(stat).token))

    def _beside(self, key: str) -> Beside:
        return Beside(self._private / "meta", key)

    def delete(self, key: str, *, if_match: Version | None = None) -> None:
        """Remove an object, and the folders that it leaves empty."""
        path = self._path(key)
        self._require_root()
        if not path.is_file():
            return
        with self._beside(key).lock():
            current = self._current(path)
            if current is None:
                return
            if if_match is not None and current != if_match:
                raise LocalFault(ErrorKind.PRECONDITION, "the object is another version")
            path.unlink(missing_ok=True)
            with suppress(FileNotFoundError):  # another delete found the folder empty
                flush_folder(path.parent)
            self._beside(key).drop(current.token)
            with suppress(OSError):  # the first folder that is not empty ends it
                for folder in path.parents:
                    if folder == self.root:
                        break
                    folder.rmdir()

    def list(self, prefix: str, *, start_after: str | None = None) -> Iterator[ObjectMeta]:
        """Yield the objects under a prefix."""
        self._require_root()
        for key in self._walk(self.root, "", prefix):
            if start_after is None or key > start_after:
                with suppress(FileNotFoundError):  # deleted since its folder was read
                    yield self.head(key)

    def list_dir(self, prefix: str) -> Listing:
        """Return one level."""
        self._require_root()
        above, _, start = prefix.rpartition("/")
        folder = self.root / above if above else self.root
        stem = f"{above}/" if above else ""
        objects: list[ObjectMeta] = []
        prefixes: list[str] = []
        for name, is_folder in self._entries(folder):
            if not name.startswith(start):
                continue
            if is_folder:
                below = f"{stem}{name}/"
                if next(self._walk(folder / name, below, ""), None) is not None:
                    prefixes.append(below)
            else:
                with suppress(FileNotFoundError):
                    objects.append(self.head(stem + name))
        return Listing(tuple(objects), tuple(prefixes))

    def _walk(self, folder: Path, stem: str, prefix: str) -> Iterator[str]:
        for name, is_folder in self._entries(folder):
            key = f"{stem}{name}/" if is_folder else stem + name
            if is_folder and (key.startswith(prefix) or prefix.startswith(key)):
                yield from self._walk(folder / name, key, prefix)
            elif not is_folder and key.startswith(prefix):
                yield key

    def _entries(self, folder: Path) -> Sequence[tuple[str, bool]]:
        """Return names in key order: a folder sorts as its name with ``/``."""
        try:
            with os.scandir(folder) as entries:
                found = [(entry.name, entry.is_dir()) for entry in entries]
        except (FileNotFoundError, NotADirectoryError):
            return []
        shown = [
            (name, is_folder)
            for name, is_folder in found
            if (folder / name) != self._private and _is_text(name)
        ]
        return sorted(shown, key=lambda entry: entry[0] + "/" if entry[1] else entry[0])

    def presign(self, key: str, *, expires: timedelta) -> str:
        """Raise: a folder has no URLs."""
        raise LocalFault(ErrorKind.UNSUPPORTED, "a folder has no URLs")

    def refuses_wrong_checksum(self, key: str) -> bool:
        """Return False: there is no network on which bytes could change."""
        return False

    def _path(self, key: str) -> Path:
        return self.root / key

    def close(self) -> None:
        """Do nothing: no file stays open."""


def _link(file: Path, path: Path) -> None:
    try:
        os.link(file, path)
    except FileExistsError:
        if path.is_dir():
            raise _folder_in_the_way(path) from None
        raise LocalFault(ErrorKind.ALREADY_EXISTS, "the object exists") from None


def _rename(file: Path, path: Path) -> None:
    try:
        file.replace(path)
    except IsADirectoryError:
        raise _folder_in_the_way(path) from None


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


@contextmanager
def _open_file(path: Path) -> Iterator[io.FileIO]:
    try:
        file = io.FileIO(path, "rb")
    except IsADirectoryError:
        raise FileNotFoundError(errno.ENOENT, "no such object", str(path)) from None
    with file:
        yield file


def _pieces(fd: int, start: int, end: int) -> Iterator[bytes]:
    while start < end:
        piece = os.pread(fd, min(READ_SIZE, end - start), start)
        if not piece:
            return
        start += len(piece)
        yield piece


def _version(stat: os.stat_result) -> Version:
    return Version(f"{stat.st_ino:x}-{stat.st_mtime_ns:x}-{stat.st_size:x}")


def _meta(key: str, stat: os.stat_result, metadata: Mapping[str, str]) -> ObjectMeta:
    return ObjectMeta(
        key=key,
        size=stat.st_size,
        version=_version(stat),
        modified=datetime.fromtimestamp(stat.st_mtime, UTC),
        sha256=metadata.get(SHA256),
        metadata={k: v for k, v in metadata.items() if k != SHA256},
    )


def _folder_in_the_way(path: Path) -> LocalFault:
    return LocalFault(
        ErrorKind.INVALID_KEY, f"a folder cannot hold an object and a folder of one name ({path})"
    )
