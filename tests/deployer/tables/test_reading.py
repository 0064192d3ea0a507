"""From a path to a table: formats, samples, pipes and memory."""

import io
import json
import os
import sys
import threading
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from deployer.errors import DeployerError, MissingError, UsageError
from deployer.tables import csv_strict, jsonl, parquet
from deployer.tables.memory import available_memory, count_cells, needed_memory
from deployer.tables.read import parse_table, read_table
from deployer.tables.sample import Rows

GIB = 1 << 30


def in_format(form: str, rows: int) -> bytes:
    numbers = list(range(rows))
    if form == "parquet":
        file = io.BytesIO()
        pq.write_table(pa.table({"n": numbers, "t": [f"t{n}" for n in numbers]}), file)
        return file.getvalue()
    if form == "jsonl":
        return b"".join(json.dumps({"n": n, "t": f"t{n}"}).encode() + b"\n" for n in numbers)
    quote = '"' if form == "quoted" else ""
    return ("n,t\n" + "".join(f"{n},{quote}t{n}{quote}\n" for n in numbers)).encode()


FORMS = ["csv", "quoted", "jsonl", "parquet"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["t", "t.DAT"])
def test_the_format_is_told_by_content(tmp_path: Path, form: str, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(in_format(form, 5))
    table = read_table(path)
    assert table.format == ("csv" if form == "quoted" else form)
    assert [str(cell) for cell in table.cells("n")] == ["0", "1", "2", "3", "4"]
    assert table.cells("t") == ["t0", "t1", "t2", "t3", "t4"]
    assert table.sha256 == sha256(path.read_bytes()).hexdigest()
    assert table.size == path.stat().st_size
    assert (len(table), table.total, table.name) == (5, 5, str(path))


def test_the_name_decides_where_content_does_not() -> None:
    assert parse_table(b'{"a",b\n1,2\n', "t.csv").format == "csv"
    assert parse_table(b'{"a": 1}\n', "t.ndjson").format == "jsonl"
    with pytest.raises(UsageError, match="not an object"):
        parse_table(b'[{"a": 1}]', "t.json")
    assert parse_table(in_format("parquet", 2), "t.csv").format == "parquet"


@pytest.mark.parametrize("magic", [b"\x1f\x8b", b"BZh", b"PK\x03\x04", b"\x28\xb5\x2f\xfd"])
def test_compressed_files_are_refused_in_one_line(magic: bytes) -> None:
    with pytest.raises(UsageError, match="compressed") as caught:
        parse_table(magic + bytes(20), "t.csv.gz")
    assert "t.csv.gz" in caught.value.hint


@pytest.mark.parametrize("form", FORMS)
def test_standard_input_and_pipes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    data = in_format(form, 9)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    table = read_table("-")
    assert (table.name, len(table), table.size) == ("stdin", 9, len(data))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(data,))
    writer.start()
    assert len(read_table(pipe, sample=4)) == 4
    writer.join()


@pytest.mark.parametrize("form", FORMS)
def test_a_sample_is_the_same_whatever_the_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    path = tmp_path / "t"
    path.write_bytes(in_format(form, 1000))
    whole = read_table(path)
    sample = read_table(path, sample=50, seed=7)
    assert len(sample) == 50
    assert sample.total == 1000
    assert (np.diff(sample.rows) > 0).all()
    assert sample.cells("t") == [f"t{row - 1}" for row in sample.rows]
    if whole.lines is not None:
        assert sample.lines is not None
        assert sample.lines.tolist() == whole.lines[sample.rows - 1].tolist()
    monkeypatch.setattr("deployer.tables.csv_fast.BLOCK", 200)
    monkeypatch.setattr(csv_strict, "_BATCH_CELLS", 30)
    monkeypatch.setattr(jsonl, "_BATCH_ROWS", 17)
    monkeypatch.setattr(parquet, "_BATCH_ROWS", 23)
    assert read_table(path, sample=50, seed=7).rows.tolist() == sample.rows.tolist()
    assert read_table(path, sample=50, seed=8).rows.tolist() != sample.rows.tolist()
    assert read_table(path, sample=5000).rows.tolist() == whole.rows.tolist()


def test_samples_are_even() -> None:
    hits = np.zeros(40)
    for seed in range(500):
        rows = Rows("t", sample=10, seed=seed, memory=None)
        for start in range(0, 40, 8):
            rows.add(pa.table({"n": range(start, start + 8)}))
        hits[rows.finish()[1] - 1] += 1
    # Each row is drawn by chance 1/4: 125 of 500, with a standard deviation of 9.7.
    assert abs(hits - 125).max() < 5 * 9.7


def test_a_sample_holds_few_rows_at_a_time() -> None:
    rows = Rows("t", sample=10, seed=0, memory=10_000)
    for start in range(0, 20_000, 100):
        rows.add(pa.table({"n": range(start, start + 100)}))
    assert rows.total == 20_000
    assert len(rows.finish()[1]) == 10


@pytest.mark.parametrize("form", FORMS)
def test_what_is_larger_than_memory_is_refused_with_advice(tmp_path: Path, form: str) -> None:
    path = tmp_path / "t"
    path.write_bytes(in_format(form, 10_000))
    with pytest.raises(UsageError, match=r"needs about \d+\.\d GiB of memory") as caught:
        read_table(path, memory=40_000)
    assert "--sample" in caught.value.hint
    assert len(read_table(path, memory=40_000, sample=10)) == 10
    with pytest.raises(UsageError, match="rows take more than"):
        read_table(path, memory=40_000, sample=9_000)
    assert len(read_table(path, memory=10_000_000)) == 10_000


def test_a_pipe_larger_than_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    data = in_format("csv", 200_000)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    with pytest.raises(UsageError, match=r"more than .* bytes"):
        read_table("-", memory=1_000_000)


@pytest.mark.parametrize(("path", "kind"), [("absent", MissingError), (".", UsageError)])
def test_what_cannot_be_opened(tmp_path: Path, path: str, kind: type[DeployerError]) -> None:
    with pytest.raises(kind) as caught:
        read_table(tmp_path / path)
    assert caught.value.hint


def test_a_sample_of_nothing() -> None:
    with pytest.raises(UsageError, match="a sample of 0 rows"):
        read_table(__file__, sample=0)


def machine(root: Path, files: dict[str, str]) -> int | None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return available_memory(root)


MEMINFO = {"proc/meminfo": "MemTotal: 9 kB\nMemAvailable:    8388608 kB\n"}


def test_memory_of_a_machine(tmp_path: Path) -> None:
    assert machine(tmp_path, MEMINFO) == 8 * GIB


def test_memory_of_control_groups_version_2(tmp_path: Path) -> None:
    assert (
        machine(
            tmp_path,
            MEMINFO
            | {
                "proc/self/cgroup": "0::/outer/inner\n",
                "sys/fs/cgroup/outer/memory.max": f"{4 * GIB}\n",
                "sys/fs/cgroup/outer/memory.current": f"{3 * GIB}\n",
                "sys/fs/cgroup/outer/memory.stat": f"anon 5\ninactive_file {GIB}\n",
                "sys/fs/cgroup/outer/inner/memory.max": "max\n",
                "sys/fs/cgroup/outer/inner/memory.current": f"{3 * GIB}\n",
            },
        )
        == 2 * GIB
    )


def test_memory_of_control_groups_version_1(tmp_path: Path) -> None:
    group = "sys/fs/cgroup/memory"
    assert (
        machine(
            tmp_path,
            MEMINFO
            | {
                "proc/self/cgroup": "4:cpu:/x\n3:memory:/docker/abc\n0::/\n",
                f"{group}/memory.limit_in_bytes": f"{3 * GIB}\n",
                f"{group}/memory.usage_in_bytes": f"{GIB}\n",
                f"{group}/memory.stat": "total_inactive_file 0\n",
            },
        )
        == 2 * GIB
    )


def test_memory_used_beyond_the_limit_is_none_left(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/\n",
        "sys/fs/cgroup/memory.max": "1000\n",
        "sys/fs/cgroup/memory.current": "2000\n",
    }
    assert machine(tmp_path, MEMINFO | files) == 0


def test_short_cells_take_more_than_their_bytes() -> None:
    short, long = b"a,b\n" + b"1,2\n" * 1000, b"a,b\n" + b"1234567.890,2345678.901\n" * 167
    needed = [
        needed_memory(len(data), count_cells(data, "csv", len(data))) for data in (short, long)
    ]
    assert needed[0] > 2.5 * needed[1]
    assert count_cells(short[:400], "csv", len(short)) == pytest.approx(2002, rel=0.01)
    assert count_cells(b'{"a": 1, "b": 2}\n', "jsonl", 17) == 2
