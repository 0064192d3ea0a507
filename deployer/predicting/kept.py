"""What an unfinished file of answers belongs to, in a small file beside it."""

import os
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import msgspec

from deployer.typed import decode

__all__ = ["Job", "Kept", "differences", "read_kept", "write_kept"]

_SHOWN = 12  # digits of a digest


class Job(msgspec.Struct, frozen=True):
    """All that an answer depends on, the model aside.

    Attributes:
        data: hex SHA-256 of the rows' file.
        reads: its format.
        writes: the format of the answers.
        batch_rows: rows of a batch; sums of floats may differ with the rows that share one.
        proba: whether the probabilities are written.
        deployer: the version of this program.

    """

    data: str
    reads: str
    writes: str
    batch_rows: int
    proba: bool
    deployer: str = msgspec.field(default_factory=lambda: version("deployer"))


class Kept(msgspec.Struct, frozen=True):
    """What of a file of answers is on the disk for sure.

    Attributes:
        job: that it belongs to.
        model: hex SHA-256 of what answered.
        rows: answered so far.
        size: bytes of these answers; what follows them in the file may be torn.
        sha256: hex digest of these bytes.
        labels: rows by label.

    """

    job: Job
    model: str
    rows: int
    size: int
    sha256: str
    labels: Mapping[str, int]


def read_kept(path: Path) -> Kept | None:
    """Return what the file at `path` says; None if there is none, or it says nothing of use.

    Raises:
        OSError: it cannot be read.

    """
    try:
        return decode(path.read_bytes(), Kept)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def write_kept(path: Path, kept: Kept) -> None:
    """Write `kept` to `path`, whole or not at all.

    Raises:
        OSError: it cannot be written; what was there is there.

    """
    new = path.with_name(f"{path.name}.new")
    try:
        with new.open("wb") as file:
            file.write(msgspec.json.encode(kept))
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        with suppress(OSError):
            new.unlink()
        raise


def differences(kept: Kept, job: Job, model: str) -> list[str]:
    """Return in words what `kept` does not share with `job` and `model`, nothing if it may go on.

    Args:
        kept: what there is.
        job: what shall be done.
        model: hex SHA-256 of what shall answer; "" if nobody knows yet.

    """
    was = kept.job
    found = []
    if was.data != job.data:
        found.append(f"the data (then sha256:{was.data[:_SHOWN]}…, now {job.data[:_SHOWN]}…)")
    elif was.reads != job.reads:
        found.append(f"the data's format (then {was.reads}, now {job.reads})")
    if model and kept.model != model:
        found.append(f"the model (then sha256:{kept.model[:_SHOWN]}…, now {model[:_SHOWN]}…)")
    if was.proba != job.proba:
        found.append("--proba" + (" (then given)" if was.proba else " (then not given)"))
    if was.batch_rows != job.batch_rows:
        found.append(f"--batch-rows (then {was.batch_rows}, now {job.batch_rows})")
    if was.writes != job.writes:
        found.append(f"the format (then {was.writes}, now {job.writes})")
    if was.deployer != job.deployer:
        found.append(f"deployer's version (then {was.deployer}, now {job.deployer})")
    return found
