"""The file of API keys' hashes: made, read and changed here alone."""

import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from deployer.config import config_dir
from deployer.errors import MissingError, UsageError
from deployer.settings import ServeSettings
from deployer.typed import decode

__all__ = ["PREFIX", "ApiKey", "is_name", "keys_file", "new_key", "read_keys", "revoke_key"]

PREFIX = "dk_"
"""What every key starts with, so that people and scanners of leaked secrets know one."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}\Z")
_FORMAT = 1


class ApiKey(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of a key.

    Attributes:
        name: whose or what for; unique in a file.
        sha256: hex SHA-256 of the key.
        created: ISO 8601 in UTC; "" if not known.
        expires: the same; None for never.

    """

    name: str
    sha256: str
    created: str = ""
    expires: str | None = None

    def __post_init__(self) -> None:
        if not is_name(self.name) or not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise ValueError("a key needs a name and the hex SHA-256")
        self.expires_at  # noqa: B018 - a time that cannot be read must not mean never

    @property
    def expires_at(self) -> float | None:
        """When it expires, in seconds since 1970."""
        if self.expires is None:
            return None
        moment = datetime.fromisoformat(self.expires)
        if moment.tzinfo is None:
            raise ValueError("expires needs a time zone")
        return moment.timestamp()


class _Document(msgspec.Struct, frozen=True):
    keys: tuple[ApiKey, ...]
    format: int = _FORMAT


def keys_file(settings: ServeSettings) -> Path:
    """Return the file that holds the hashes of API keys."""
    if settings.keys_file is not None:
        return Path(settings.keys_file).expanduser()
    return config_dir() / "serve-keys.json"


def is_name(text: str) -> bool:
    """Return whether a key may be called so."""
    return _NAME.match(text) is not None


def read_keys(file: Path) -> tuple[ApiKey, ...]:
    """Return the keys in a file; none if there is no file.

    Raises:
        UsageError: it cannot be read, or is no such file.

    """
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise UsageError(
            f"cannot be read: {error.strerror}", where=str(file), hint="check its permissions"
        ) from error
    try:
        document = decode(content, _Document)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UsageError(
            f"no file of API keys: {error}", where=str(file), hint="move it away and make new keys"
        ) from error
    if document.format != _FORMAT:
        raise UsageError(
            f"format {document.format} of API keys, but this release reads {_FORMAT}",
            where=str(file),
            hint="update deployer",
        )
    return document.keys


def new_key(file: Path, name: str, *, now: datetime, expires: timedelta | None) -> str:
    """Make a key, add its hash to `file`, and return it: it is written nowhere else.

    Args:
        file: made if there is none, for its owner's eyes only.
        name: whose or what for.
        now: in UTC.
        expires: how long it is good for; None for ever.

    Raises:
        UsageError: the name is taken or cannot be one, or the file cannot be read.
        OSError: the file cannot be written.

    """
    if not is_name(name):
        raise UsageError(
            f"'{name}' cannot be a key's name",
            hint="use 1 to 64 letters, digits, dots, hyphens, underscores and @",
        )
    key = PREFIX + secrets.token_urlsafe(32)
    made = ApiKey(
        name,
        hashlib.sha256(key.encode()).hexdigest(),
        now.isoformat(timespec="seconds"),
        None if expires is None else (now + expires).isoformat(timespec="seconds"),
    )

    def add(keys: tuple[ApiKey, ...]) -> tuple[ApiKey, ...]:
        if any(each.name == name for each in keys):
            raise UsageError(
                f"there is a key called '{name}'",
                where=str(file),
                hint=f"take another name, or first: deployer key api revoke {name}",
            )
        return (*keys, made)

    _change(file, add)
    return key


def revoke_key(file: Path, name: str) -> None:
    """Take a key's hash out of `file`; servers notice within a second.

    Raises:
        MissingError: there is no such key.
        UsageError: the file cannot be read.
        OSError: the file cannot be written.

    """

    def drop(keys: tuple[ApiKey, ...]) -> tuple[ApiKey, ...]:
        kept = tuple(each for each in keys if each.name != name)
        if len(kept) == len(keys):
            raise MissingError(
                f"no key is called '{name}'", where=str(file), hint="see: deployer key api list"
            )
        return kept

    _change(file, drop)


def _change(file: Path, change: Callable[[tuple[ApiKey, ...]], tuple[ApiKey, ...]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with _locked(file.parent):
        document = _Document(change(read_keys(file)))
        text = msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
        new = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(fd, "wb") as opened:
                opened.write(text)
                opened.flush()
                os.fsync(opened.fileno())
            new.replace(file)
        except BaseException:
            new.unlink(missing_ok=True)
            raise


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a folder against others that change a file of keys in it."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
