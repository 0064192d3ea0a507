"""Plans as they are kept: the last one of each program, and files that a user names.

A plan is stored without secrets, readable by its owner alone, and is never seen half written.
"""

import hashlib
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from deployer.errors import MissingError, UsageError
from deployer.reviewing.review import Review, without_secrets
from infra.resources import Program
from infra.review.errors import ReviewError
from infra.review.state import from_state

__all__ = ["Kept", "keep", "key_of", "last", "programs_in"]

_SAFE = re.compile(r"[^A-Za-z0-9_.-]+")


class Kept(msgspec.Struct, frozen=True):
    """A plan as it lies in its file.

    Attributes:
        program: what was recorded, without secrets.
        saved: when, ISO 8601 in UTC.
        format: of the file.

    """

    program: Program
    saved: str
    format: Literal[1] = 1


def key_of(*parts: str) -> str:
    """Return a file name for what these parts name together; different parts, different names."""
    readable = _SAFE.sub("-", "-".join(parts)).strip("-.")[:60]
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
    return f"{readable}-{digest}.json"


def last(folder: Path, key: str) -> Kept | None:
    """Return the last plan that was kept under `key`; None if there is none that can be read."""
    try:
        return msgspec.json.decode((folder / key).read_bytes(), type=Kept)
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, ValueError):
        # Of another release, or cut by hand: the next plan writes it anew.
        return None


def keep(folder: Path, key: str, program: Program, *, now: datetime | None = None) -> Path:
    """Keep a plan in place of the last one; return its file."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    saved = (now or datetime.now(UTC)).isoformat(timespec="seconds")
    path = folder / key
    temporary = path.with_name(f".{key}.{os.getpid()}.new")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(Kept(without_secrets(program), saved)))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def programs_in(path: Path) -> Mapping[str, Program]:
    """Return the programs of a file, by cloud, else by project.

    Args:
        path: a plan that was kept, what ``plan -o json`` wrote, or an exported state.

    Raises:
        MissingError: there is no such file.
        UsageError: it is none of these.

    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        hint = "write one with: deployer plan -o json --out FILE, or pulumi stack export"
        raise MissingError("there is no such file", where=str(path), hint=hint) from None
    for read in (_kept, _reviewed):
        found = read(content)
        if found:
            return found
    try:
        program = from_state(content)
    except ReviewError as error:
        raise UsageError(
            f"neither a plan nor an exported state: {error.message}",
            where=str(path),
            hint="write one with: deployer plan -o json --out FILE, or pulumi stack export",
        ) from error
    return {_cloud_of(program): program}


def _kept(content: bytes) -> dict[str, Program]:
    try:
        program = msgspec.json.decode(content, type=Kept).program
    except (msgspec.DecodeError, ValueError):
        return {}
    return {_cloud_of(program): program}


def _reviewed(content: bytes) -> dict[str, Program]:
    try:
        review = msgspec.json.decode(content, type=Review)
    except (msgspec.DecodeError, ValueError):
        return {}
    return {part.name: part.program for part in review.parts}


def _cloud_of(program: Program) -> str:
    """Return the cloud of a program of ours, which its project's name tells; else the project."""
    if program.cloud:
        return program.cloud
    name = program.project.removeprefix("deployer-")
    return name if name in ("aws", "gcp", "azure", "local") else program.project
