"""A path to a table."""

from pathlib import Path

from deployer.errors import UsageError
from deployer.tables.csv_fast import read_fast
from deployer.tables.csv_strict import read_strict
from deployer.tables.jsonl import read_jsonl
from deployer.tables.memory import available_memory, check_memory, count_cells, room
from deployer.tables.parquet import read_parquet
from deployer.tables.sample import Rows
from deployer.tables.source import Source, source_of
from deployer.tables.table import Format, Table

__all__ = ["HEAD", "detect_format", "parse_table", "read_table"]

_EXTENSIONS: dict[str, Format] = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv",
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl",
    ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip
# Bytes of a file that tell its format.
HEAD = 1 << 16
_PARQUET = b"PAR1"
_COMPRESSED = {
    b"\x1f\x8b": ("gzip", "gunzip --keep"),
    b"\x28\xb5\x2f\xfd": ("Zstandard", "unzstd"),
    b"BZh": ("bzip2", "bunzip2 --keep"),
    b"\xfd7zXZ": ("XZ", "unxz --keep"),
    b"PK\x03\x04": ("ZIP, as archives and spreadsheets (.xlsx) are", "unzip"),
}


def read_table(
    path: Path | str, *, sample: int | None = None, seed: int = 0, memory: int | None = None
) -> Table:
    """Return the table in a file: CSV, Parquet or JSON Lines.

    The format is what the content says if it is unmistakable, otherwise what the name ends in,
    otherwise CSV.

    Args:
        path: of the file; ``-`` is the standard input.
        sample: keep this many rows, drawn evenly, in the order of the file; the others are read
            but not held.
        seed: of the draw; the same rows for the same seed.
        memory: bytes that may be used; by default what the machine has left.

    Raises:
        MissingError: there is no such file.
        UsageError: the content will not do, or does not fit in memory; says where and what to do.
        FailedError: the system does not let us read it.

    """
    if memory is None:
        memory = available_memory()
    source = source_of(Path(path), most=room(memory))
    return _read(source, sample=sample, seed=seed, memory=memory)


def parse_table(data: bytes, name: str) -> Table:
    """Return the table in `data`, whose format is told from `name` and content.

    Raises:
        UsageError: as :func:`read_table`.

    """
    return _read(Source(name, None, data, len(data)), sample=None, seed=0, memory=None)


def _read(source: Source, *, sample: int | None, seed: int, memory: int | None) -> Table:
    if sample is not None and sample < 1:
        raise UsageError(f"a sample of {sample} rows", hint="use --sample 1 or more")
    kind, head = detect_format(source)
    held = room(memory)
    rows = Rows(source.name, sample=sample, seed=seed, memory=held)
    if kind == "parquet":
        return read_parquet(source, rows, memory=memory, sample=sample)
    cells = count_cells(head, kind, source.size)
    check_memory(source.size, cells, name=source.name, memory=memory, sample=sample)
    if kind == "jsonl":
        return read_jsonl(source, rows)
    table = read_fast(source, rows)
    if table is None:
        table = read_strict(source, Rows(source.name, sample=sample, seed=seed, memory=held))
    return table


def detect_format(source: Source) -> tuple[Format, bytes]:
    """Return the format, and the start of the file.

    Raises:
        UsageError: it is compressed.

    """
    with source.open() as file:
        head = file.read(HEAD)
    if head.startswith(_PARQUET):
        return "parquet", head
    for magic, (called, command) in _COMPRESSED.items():
        if head.startswith(magic):
            raise UsageError(
                f"compressed ({called})",
                where=source.name,
                hint=f"uncompress it first, such as with: {command} {source.name}",
            )
    known = _EXTENSIONS.get(Path(source.name).suffix.lower())
    if known is None:
        start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        known = "jsonl" if start.startswith(b"{") else "csv"
    return known, head
