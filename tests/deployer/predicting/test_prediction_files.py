"""Answers in files: three formats, and nothing half-written."""

import csv
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from deployer.errors import FailedError, UsageError
from deployer.predicting.batch import Batch
from deployer.predicting.writing import open_writer

CLASSES = ['a,"b', "ü"]
SHARES = np.array([[0.25, 0.75], [6.5e-6, 0.9999935], [0.1, 0.9]], dtype=np.float32)


def batches() -> Iterator[Batch]:
    for at in (0, 2):
        some = SHARES[at : at + 2]
        rows = np.arange(at + 1, at + 1 + len(some), dtype=np.int64)
        yield Batch(rows, np.array(["ü"] * len(some), dtype=object), some)


def save(out: Path, *, proba: bool) -> None:
    with open_writer(out, CLASSES, proba=proba) as writer:
        for batch in batches():
            writer.write(batch)


def test_csv(tmp_path: Path) -> None:
    out = tmp_path / "p.csv"
    save(out, proba=False)
    assert out.read_text() == "row,label\n1,ü\n2,ü\n3,ü\n"
    save(out, proba=True)
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["row"] for row in rows] == ["1", "2", "3"]
    assert [row['probability:a,"b'] for row in rows] == ["0.25", "6.5e-06", "0.1"]


def test_json_lines(tmp_path: Path) -> None:
    out = tmp_path / "p.jsonl"
    save(out, proba=False)
    assert out.read_text() == "".join(f'{{"row": {n}, "label": "ü"}}\n' for n in (1, 2, 3))
    save(out, proba=True)
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert lines[2] == {"row": 3, "label": "ü", "probabilities": {'a,"b': 0.1, "ü": 0.9}}


def test_parquet(tmp_path: Path) -> None:
    out = tmp_path / "p.PARQUET"
    save(out, proba=False)
    assert pq.read_table(out).to_pydict() == {"row": [1, 2, 3], "label": ["ü"] * 3}
    save(out, proba=True)
    table = pq.read_table(out)
    assert table.column_names == ["row", "label", 'probability:a,"b', "probability:ü"]
    assert table.column(2).to_numpy().tolist() == SHARES[:, 0].tolist()


@pytest.mark.parametrize("name", ["p.csv", "p.jsonl", "p.parquet"])
def test_whole_or_not_at_all(tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    out.write_text("old")
    found = batches()

    def half() -> None:
        with open_writer(out, CLASSES, proba=True) as writer:
            writer.write(next(found))
            assert out.read_text() == "old"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_text("old")
    link = tmp_path / "link.csv"
    link.symlink_to("real.csv")
    save(link, proba=False)
    assert link.is_symlink()
    assert (tmp_path / "real.csv").read_text().startswith("row,label\n")


def test_places_that_will_not_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a directory"):
        save(tmp_path, proba=False)
    with pytest.raises(FailedError, match="No such file or directory"):
        save(tmp_path / "absent" / "p.csv", proba=False)
    with pytest.raises(FailedError, match="No space left on device"):
        save(Path("/dev/full"), proba=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["pipe", "pipe.parquet"])
def test_a_pipe_stays_a_pipe(tmp_path: Path, name: str) -> None:
    pipe = tmp_path / name
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    save(pipe, proba=False)
    reader.join()
    assert pipe.is_fifo()
    assert read[0].startswith((b"row,label\n1,", b"PAR1"))
