import csv
import io
import os
from pathlib import Path

import pytest

from deployer.errors import FailedError, UsageError
from deployer.packaging.answers import Answers

ANSWERS = Answers(
    rows=[1, 2],
    classes=['a,"b', "c"],
    labels=["c", "c"],
    probabilities=[[0.25, 0.75], [6.5e-6, 0.9999935]],
)


def test_csv_reads_back() -> None:
    rows = list(csv.DictReader(io.StringIO(ANSWERS.csv(proba=True).decode())))
    assert [row["label"] for row in rows] == ["c", "c"]
    assert [float(row['probability:a,"b']) for row in rows] == [0.25, 6.5e-6]
    assert ANSWERS.csv(proba=False) == b"row,label\n1,c\n2,c\n"


def test_documents_and_counts() -> None:
    first = ANSWERS.documents()[0]
    assert first == {"label": "c", "probabilities": {'a,"b': 0.25, "c": 0.75}}
    assert ANSWERS.counts() == {'a,"b': 0, "c": 2}


def test_saved_whole_or_not_at_all(tmp_path: Path) -> None:
    out = tmp_path / "p.csv"
    out.write_text("old")
    ANSWERS.save(out, proba=False)
    assert out.read_bytes() == ANSWERS.csv(proba=False)
    with pytest.raises(UsageError, match="is a directory"):
        ANSWERS.save(tmp_path, proba=False)
    with pytest.raises(FailedError, match="No such file or directory"):
        ANSWERS.save(tmp_path / "absent" / "p.csv", proba=False)
    assert list(tmp_path.iterdir()) == [out]


def test_a_pipe_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    # Open for both, so that neither side waits for the other.
    descriptor = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    try:
        ANSWERS.save(pipe, proba=False)
        assert pipe.is_fifo()
        assert os.read(descriptor, 1000) == ANSWERS.csv(proba=False)
    finally:
        os.close(descriptor)
