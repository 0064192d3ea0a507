"""Parquet: what the types say is what is read, and what no model can take is named."""

import io
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from deployer.errors import UsageError
from deployer.tables.read import parse_table, read_table

# A time without a zone.
LOCAL = datetime(2020, 1, 1, 1, 30, 0, 500)  # noqa: DTZ001 - on purpose
ZONE = timezone(timedelta(hours=2))


def parquet(columns: dict[str, pa.Array], **options: object) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file, **options)
    return file.getvalue()


def test_every_type_that_a_model_can_take() -> None:
    table = parse_table(
        parquet(
            {
                "small": pa.array([1, None, -3], pa.int8()),
                "large": pa.array([2**63, 1, None], pa.uint64()),
                "half": pa.array([0.5, float("nan"), None], pa.float32()),
                "price": pa.array([Decimal("1.25"), None, Decimal("-2.50")]),
                "truth": pa.array([True, False, None]),
                "word": pa.array([" red ", "", None]),
                "coded": pa.array(["x", None, "y"]).dictionary_encode(),
                "numbers": pa.array([7, 8, 7]).dictionary_encode(),
                "day": pa.array([date(2020, 2, 29), None, date(1969, 12, 31)]),
                "zoned": pa.array([datetime(2020, 1, 1, 1, tzinfo=ZONE), None, None]),
                "local": pa.array([LOCAL, None, None]),
                "none": pa.nulls(3),
            }
        ),
        "t.parquet",
    )
    cells = {name: table.cells(name) for name in table.names}
    assert str(cells.pop("half")) == "[0.5, nan, None]"
    assert cells == {
        "small": [1, None, -3],
        "large": [2.0**63, 1.0, None],
        "price": [1.25, None, -2.5],
        "truth": ["true", "false", None],
        "word": ["red", "", None],
        "coded": ["x", None, "y"],
        "numbers": [7, 8, 7],
        "day": ["2020-02-29T00:00:00Z", None, "1969-12-31T00:00:00Z"],
        "zoned": ["2019-12-31T23:00:00Z", None, None],
        "local": ["2020-01-01T01:30:00.000500Z", None, None],
        "none": [None, None, None],
    }
    assert table.place(1, "word") == "t.parquet: row 2, column 'word'"
    assert (table.format, table.total, table.lines) == ("parquet", 3, None)


@pytest.mark.parametrize(
    ("column", "called"),
    [
        (pa.array([[1], [2]]), "list"),
        (pa.array([{"x": 1}, {"x": 2}]), "struct"),
        (pa.array([b"\0", b"\1"]), "binary"),
        (pa.array([timedelta(1), None]), "duration"),
    ],
)
def test_what_no_model_can_take_is_named(column: pa.Array, called: str) -> None:
    data = parquet({"fine": pa.array([1, 2]), "odd": column})
    with pytest.raises(UsageError, match=f"column 'odd' holds {called}") as caught:
        parse_table(data, "t.parquet")
    assert caught.value.where == "t.parquet"
    assert caught.value.hint


def test_files_that_are_none() -> None:
    whole = parquet({"a": pa.array(range(1000))})
    for data in (b"PAR1", whole[:-20], whole[:100] + whole[-200:], b"PAR1" + b"x" * 100 + b"PAR1"):
        with pytest.raises(UsageError, match="not a Parquet file that can be read"):
            parse_table(data, "t.parquet")
    with pytest.raises(UsageError, match="no rows"):
        parse_table(parquet({"a": pa.array([], pa.int64())}), "t")
    with pytest.raises(UsageError, match="no columns"):
        parse_table(parquet({}), "t")


def test_two_columns_of_one_name() -> None:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a "]), file)
    with pytest.raises(UsageError, match="columns 1 and 2 are both 'a'"):
        parse_table(file.getvalue(), "t.parquet")


def test_damaged_pages_are_one_line(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    data = bytearray(parquet({"a": pa.array([f"text {i}" for i in range(5000)])}))
    for start in range(4, len(data), 997):
        damaged = bytearray(data)
        damaged[start : start + 40] = bytes(40)
        path.write_bytes(damaged)
        try:
            read_table(path)
        except UsageError as error:
            assert "\n" not in str(error)  # noqa: PT017 - it may also be read


def test_moments_at_the_ends_of_time() -> None:
    data = parquet({"t": pa.array([2**62], pa.timestamp("ms"))})
    with pytest.raises(UsageError, match=r"column 't' .* cannot be read"):
        parse_table(data, "t.parquet")
    assert parse_table(
        parquet({"t": pa.array([datetime(1, 1, 1, tzinfo=UTC)])}), "t.parquet"
    ).cells("t") == ["0001-01-01T00:00:00Z"]
