"""Answers to a file, batch by batch: whole at the end or not there, and resumed after a crash."""

import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from deployer.errors import DamagedError, FailedError, UsageError
from deployer.predicting.batch import Batch
from deployer.predicting.formats import Encoding, encoding_of, format_of
from deployer.predicting.kept import Job, differences
from deployer.predicting.unfinished import Unfinished

__all__ = ["Keeping", "Writer", "can_resume", "open_writer"]

_CHOICE = "go on with --resume, or start over with --restart"
_RESTART = "start over with --restart"


class Keeping(NamedTuple):
    """What to do with an unfinished file.

    Attributes:
        job: what the answers depend on.
        model: returns the hex SHA-256 of what answers; "" as long as, or if, nobody knows.
        resume: True goes on with what there is, False throws it away, None asks.

    """

    job: Job
    model: Callable[[], str]
    resume: bool | None = None


@dataclass
class Writer:
    """A file of answers that is being written.

    Attributes:
        write: takes the next batch.
        rows: that are there already; the first batch to write is the one after them.
        model: hex SHA-256 of what answered these; "" if there are none.
        labels: rows by label, those that are there already included.
        replaced: in words, what an unfinished file that was thrown away did not share with this
            one; "" if there was none.
        kept: after an error, rows that a later run can go on from.

    """

    write: Callable[[Batch], None]
    rows: int = 0
    model: str = ""
    labels: Counter[str] = field(default_factory=Counter)
    replaced: str = ""
    kept: int = 0


def can_resume(out: Path) -> bool:
    """Return whether `out` is, or will be, a file; what a pipe or a device was told is gone."""
    return out.is_file() or not out.exists()


@contextmanager
def open_writer(
    out: Path, classes: Sequence[str], *, proba: bool, keeping: Keeping | None = None
) -> Iterator[Writer]:
    """Open `out` for answers; it is there when the block ends without an error, and not before.

    After an error, and after a crash of the process or of the machine, the answers so far are
    kept beside it if `keeping` is given, to be gone on with.

    Args:
        out: the file; its name tells the format, see :func:`~deployer.predicting.formats.encoding_of`.
            A device or a pipe is written to at once, and nothing is kept.
        classes: in the order of the probabilities.
        proba: write the probabilities, too.
        keeping: see there; None keeps nothing.

    Raises:
        UsageError: `out` is a directory; another command writes it; an unfinished file is there
            and `keeping` does not say what to do with it; or it belongs to something else.
        DamagedError: an unfinished file is not what it was.
        FailedError: the system does not let us write.

    """
    if out.is_dir():
        raise UsageError("is a directory", where=str(out), hint="name a file")
    encoding = encoding_of(format_of(out), classes, proba=proba)
    # What is read while the block runs has errors of its own, which are no OSErrors.
    with _told(out):
        if can_resume(out):
            with Unfinished(out.resolve(), shown=str(out)) as unfinished:
                yield from _growing(unfinished, encoding, keeping, str(out))
        else:
            # A rename would put a file in its place.
            yield from _at_once(out, encoding)


def _growing(
    unfinished: Unfinished, encoding: Encoding, keeping: Keeping | None, where: str
) -> Iterator[Writer]:
    def write(batch: Batch) -> None:
        labels = Counter(map(str, batch.labels))
        content = encoding.encode(batch)
        if keeping is None:
            unfinished.append(content)
        else:
            unfinished.add(content, labels, job=keeping.job, model=keeping.model())
        writer.labels.update(labels)

    writer = _begin(write, unfinished, encoding, keeping, where)
    try:
        yield writer
        unfinished.finish(encoding.finish)
    except BaseException:
        if keeping is not None:
            # On a full disk, for one, what was kept before is what there is.
            with suppress(OSError):
                unfinished.keep(keeping.job, keeping.model())
        if unfinished.kept is None:
            unfinished.discard()
        else:
            writer.kept = unfinished.kept.rows
        raise


def _begin(
    write: Callable[[Batch], None],
    unfinished: Unfinished,
    encoding: Encoding,
    keeping: Keeping | None,
    where: str,
) -> Writer:
    """Go on with what there is, or throw it away."""
    writer = Writer(write)
    kept = unfinished.kept
    if kept is not None and keeping is not None and keeping.resume is not False:
        others = differences(kept, keeping.job, keeping.model())
        if keeping.resume and others:
            raise UsageError(
                f"the {kept.rows} predictions of an unfinished run do not belong to this one; "
                f"what differs: {', '.join(others)}",
                where=where,
                hint=f"give the same again, or {_RESTART}",
            )
        if keeping.resume:
            if not unfinished.go_on():
                raise DamagedError(
                    f"the {kept.rows} predictions of an unfinished run are not what was written",
                    where=str(unfinished.path),
                    hint=_RESTART,
                )
            writer.rows, writer.model = kept.rows, kept.model
            writer.labels = Counter(kept.labels)
            return writer
        if not others:
            raise UsageError(
                f"{kept.rows} predictions of a run that did not end are kept",
                where=where,
                hint=_CHOICE,
            )
        writer.replaced = ", ".join(others)
    unfinished.begin(encoding.head)
    return writer


def _at_once(out: Path, encoding: Encoding) -> Iterator[Writer]:
    with ExitStack() as stack:
        file = stack.enter_context(out.open("wb"))
        to = stack.enter_context(tempfile.TemporaryFile()) if encoding.finish else file
        to.write(encoding.head)

        def write(batch: Batch) -> None:
            to.write(encoding.encode(batch))
            writer.labels.update(map(str, batch.labels))

        writer = Writer(write)
        yield writer
        if encoding.finish:
            to.seek(0)
            encoding.finish(to, file)


@contextmanager
def _told(out: Path) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise FailedError(
            f"cannot be written: {os.strerror(error.errno or 0)}",
            where=str(out),
            hint="its directory must exist and be writable, with space left",
        ) from error
