"""A crash at every step of writing: what is resumed is, byte for byte, what one run writes."""

import errno
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.errors import DamagedError, FailedError, UsageError
from deployer.predicting import unfinished
from deployer.predicting.batch import Batch
from deployer.predicting.kept import Job
from deployer.predicting.writing import Keeping, open_writer

CLASSES = ["a", 'b,"ü']
MODEL = "ab" * 32
JOB = Job(data="cd" * 32, reads="csv", writes="csv", batch_rows=3, proba=True)
ROWS, BATCH = 11, 3
NAMES = ["p.csv", "p.jsonl", "p.parquet"]


def batches(skip: int = 0) -> Iterator[Batch]:
    """Yield answers that say which row they are for; `skip` is where a batch ends."""
    for at in range(skip, ROWS, BATCH):
        rows = np.arange(at + 1, min(at + BATCH, ROWS) + 1, dtype=np.int64)
        shares = np.stack([rows / 100, 1 - rows / 100], axis=1).astype(np.float32)
        yield Batch(rows, np.array([CLASSES[each % 2] for each in rows], dtype=object), shares)


def keeping(resume: bool | None = None, model: str = MODEL, job: Job = JOB) -> Keeping:
    return Keeping(job, lambda: model, resume)


def predict(out: Path, resume: bool | None = None, *, proba: bool = True, **given: Any) -> int:
    """Write all that is not there yet; return how much was."""
    with open_writer(out, CLASSES, proba=proba, keeping=keeping(resume, **given)) as writer:
        for batch in batches(writer.rows):
            writer.write(batch)
    assert writer.labels.total() == ROWS
    assert writer.labels["a"] == ROWS // 2
    return writer.rows


def stopped(out: Path, after: int, error: BaseException | None = None) -> None:
    """Fail after some batches, as a command does whose endpoint went away."""
    error = error or FailedError("gone")
    found = batches()

    def begin() -> None:
        with open_writer(out, CLASSES, proba=True, keeping=keeping()) as writer:
            for _ in range(after):
                writer.write(next(found))
            raise error

    with pytest.raises(type(error)):
        begin()


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


class Crashes:
    """Keeps what a power switch would leave before, within and after each call that changes a file."""

    def __init__(self, folder: Path, kept: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder, self.kept, self.count = folder, kept, 0
        real = os.write

        def write(descriptor: int, content: Any) -> int:
            self.snap()
            half = len(content) // 2
            done = real(descriptor, content[:half]) if half else 0
            self.snap()
            return done + real(descriptor, content[half:])

        patch.setattr(os, "write", write)
        for owner, name in (
            (os, "fsync"), (os, "ftruncate"), (Path, "replace"), (Path, "unlink"),
        ):  # fmt: skip
            patch.setattr(owner, name, self.watched(getattr(owner, name)))

    def watched(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            self.snap()
            found = function(*arguments, **options)
            self.snap()
            return found

        return call

    def snap(self) -> None:
        shutil.copytree(self.folder, self.kept / str(self.count))
        self.count += 1


@pytest.mark.parametrize("every", [0.0, 3600.0])
@pytest.mark.parametrize("old", [b"", b"of yesterday"])
@pytest.mark.parametrize("name", NAMES)
def test_a_crash_at_every_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, old: bytes, every: float
) -> None:
    monkeypatch.setattr(unfinished, "EVERY", every)
    work, crashes = tmp_path / "work", tmp_path / "crashes"
    work.mkdir()
    crashes.mkdir()
    if old:
        (work / name).write_bytes(old)
    with monkeypatch.context() as patch:
        seen = Crashes(work, crashes, patch)
        predict(work / name)
    whole = (work / name).read_bytes()
    assert names(work) == [name]
    assert seen.count > 10
    resumed = set()
    for number in range(seen.count):
        folder = crashes / str(number)
        out = folder / name
        # Nobody ever sees half a file.
        assert (out.read_bytes() if out.exists() else b"") in (old, whole)
        resumed.add(predict(out, resume=True))
        assert out.read_bytes() == whole, number
        assert names(folder) == [name], number
    assert resumed == ({0, 3, 6, 9, 11} if every == 0 else {0})


@pytest.mark.parametrize("name", NAMES)
@given(tail=st.binary(max_size=50), after=st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_whatever_follows_what_is_kept(
    tmp_path_factory: pytest.TempPathFactory, name: str, tail: bytes, after: int
) -> None:
    folder = tmp_path_factory.mktemp("tail")
    whole, out = folder / f"whole-{name}", folder / name
    predict(whole)
    stopped(out, after)
    with (folder / f".{name}.partial").open("ab") as file:
        file.write(tail)
    assert predict(out, resume=True) == min(after * BATCH, ROWS)
    assert out.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("error", [FailedError("gone"), KeyboardInterrupt(), MemoryError()])
def test_an_error_keeps_all_that_was_answered(tmp_path: Path, error: BaseException) -> None:
    out = tmp_path / "p.csv"
    stopped(out, 2, error)
    assert names(tmp_path) == [".p.csv.partial", ".p.csv.partial.json"]
    assert predict(out, resume=True) == 2 * BATCH
    stopped(tmp_path / "none.csv", 0, error)
    assert names(tmp_path) == ["p.csv"], "nothing is kept of nothing"


TRACED = {"append", "add", "keep", "write", "finish", "discard", "write_kept"}


def interrupted(out: Path, line: int) -> bool:
    """Press Ctrl-C at the n-th line that runs while answers are written; return whether it came."""
    left = line

    def local(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal left
        left -= event == "line"
        if not left and event == "line":
            raise KeyboardInterrupt
        return local

    def each(frame: FrameType, event: str, argument: object) -> Any:
        code = frame.f_code
        ours = Path(code.co_filename).name in {"unfinished.py", "kept.py", "writing.py"}
        return local if ours and code.co_name in TRACED else None

    before = sys.gettrace()
    sys.settrace(each)
    try:
        predict(out)
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


@pytest.mark.parametrize("name", NAMES)
def test_ctrl_c_at_every_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(unfinished, "EVERY", 0.0)
    predict(tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    line = 0
    resumed = set()
    while True:
        line += 1
        out = tmp_path / str(line) / name
        out.parent.mkdir()
        if not interrupted(out, line):
            break
        assert not out.exists() or out.read_bytes() == whole, line
        resumed.add(predict(out, resume=True))
        assert out.read_bytes() == whole, line
        assert names(out.parent) == [name], line
    assert line > 100
    assert resumed >= {0, 3, 6, 9, 11}


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unfinished, "EVERY", 0.0)
    out, real = tmp_path / "p.csv", os.write
    room = [200]

    def write(descriptor: int, content: Any) -> int:
        done = real(descriptor, content[: room[0]]) if room[0] else 0
        room[0] -= done
        if not done:
            raise OSError(errno.ENOSPC, "No space left on device")
        return done

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        with pytest.raises(FailedError, match="No space left on device"):
            predict(out)
    done = predict(out, resume=True)
    assert 0 < done < ROWS
    predict(tmp_path / "whole.csv")
    assert out.read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_a_plain_run_asks(tmp_path: Path) -> None:
    out = tmp_path / "p.csv"
    stopped(out, 2)
    with pytest.raises(UsageError, match="6 predictions of a run that did not end") as seen:
        predict(out)
    assert seen.value.hint == "go on with --resume, or start over with --restart"
    with pytest.raises(UsageError, match="6 predictions"):
        predict(out)  # asking changed nothing
    assert predict(out, resume=False) == 0
    assert names(tmp_path) == ["p.csv"]
    assert predict(out, resume=True) == 0, "nothing to go on with is no error"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"job": Job("ef" * 32, "csv", "csv", 3, True)}, r"the data \(then sha256:cdcdcdcdcdcd…"),
        ({"job": Job("cd" * 32, "jsonl", "csv", 3, True)}, r"the data's format \(then csv, now j"),
        ({"job": Job("cd" * 32, "csv", "jsonl", 3, True)}, r"the format \(then csv, now jsonl"),
        ({"job": Job("cd" * 32, "csv", "csv", 4, True)}, r"--batch-rows \(then 3, now 4\)"),
        ({"job": Job("cd" * 32, "csv", "csv", 3, False)}, r"--proba \(then given\)"),
        ({"job": Job("cd" * 32, "csv", "csv", 3, True, "0")}, r"deployer's version \(then .*now 0"),
        ({"model": "12" * 32}, r"the model \(then sha256:abababababab…, now 121212121212…\)"),
    ],
)
def test_what_belongs_to_something_else(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    out = tmp_path / "p.csv"
    stopped(out, 2)
    with pytest.raises(UsageError, match=f"do not belong to this one; what differs: {said}"):
        predict(out, resume=True, **changed)
    # It is still there for whom it belongs to, and in nobody's way.
    copy = tmp_path / "copy"
    copy.mkdir()
    for each in (".p.csv.partial", ".p.csv.partial.json"):
        shutil.copy(tmp_path / each, copy)
    assert predict(copy / "p.csv", resume=True) == 2 * BATCH
    with open_writer(out, CLASSES, proba=True, keeping=keeping(None, **changed)) as writer:
        assert writer.rows == 0
        assert writer.replaced
        for batch in batches():
            writer.write(batch)
    assert out.read_bytes() == (copy / "p.csv").read_bytes()


def test_what_is_kept_is_looked_at(tmp_path: Path) -> None:
    out, partial = tmp_path / "p.csv", tmp_path / ".p.csv.partial"
    stopped(out, 2)
    good = partial.read_bytes()
    predict(out, resume=False)
    for bad in (good.replace(b"0.01", b"0.02"), good[:-1]):
        stopped(out, 2)
        partial.write_bytes(bad)
        with pytest.raises(DamagedError, match="are not what was written"):
            predict(out, resume=True)
        predict(out, resume=False)


@pytest.mark.parametrize("record", [b"", b'{"job": {', b"[]", b"\xff"])
def test_a_record_of_no_use(tmp_path: Path, record: bytes) -> None:
    out = tmp_path / "p.csv"
    stopped(out, 2)
    (tmp_path / ".p.csv.partial.json").write_bytes(record)
    assert predict(out, resume=True) == 0
    assert names(tmp_path) == ["p.csv"]


def test_one_at_a_time(tmp_path: Path) -> None:
    out = tmp_path / "p.csv"
    with open_writer(out, CLASSES, proba=True, keeping=keeping()) as writer:
        for batch in batches():
            writer.write(batch)
        for choice in (None, True, False):
            with pytest.raises(UsageError, match="another command is writing it"):
                predict(out, choice)
    whole = out.read_bytes()
    predict(out)
    assert out.read_bytes() == whole


def test_a_model_that_does_not_say_which_it_is(tmp_path: Path) -> None:
    out = tmp_path / "p.csv"

    def begin() -> None:
        with open_writer(out, CLASSES, proba=True, keeping=keeping(model="")) as writer:
            writer.write(next(batches()))
            raise FailedError("gone")

    with pytest.raises(FailedError):
        begin()
    assert names(tmp_path) == [], "who knows what would answer the rest"
