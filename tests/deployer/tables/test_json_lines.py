"""JSON Lines: an object per line, and nothing else."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.errors import UsageError
from deployer.tables import jsonl
from deployer.tables.read import parse_table


def test_missing_keys_and_null_are_missing_values() -> None:
    table = parse_table(
        b'\xef\xbb\xbf{"a": 1, "b": " x "}\n\n{"c": true}\r\n{"a": 2.5, "b": null}', "t.jsonl"
    )
    assert {name: table.cells(name) for name in table.names} == {
        "a": [1.0, None, 2.5],
        "b": ["x", None, None],
        "c": [None, "true", None],
    }
    assert table.place(1, "c") == "t.jsonl: row 2 (line 3), column 'c'"
    assert (table.format, table.total) == ("jsonl", 3)


def test_whole_numbers_stay_whole() -> None:
    assert parse_table(b'{"a": 1}\n{"a": 9007199254740993}', "t").cells("a") == [
        1,
        9007199254740993,
    ]
    assert parse_table(b'{"a": 1}\n{"a": 1e3}\n{"a":99999999999999999999}', "t").cells("a") == [
        1.0,
        1000.0,
        1e20,
    ]


VALUES = st.none() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.fixed_dictionaries({}, optional={"a": VALUES, "b": VALUES}), min_size=1, max_size=6)
)
def test_columns_do_not_depend_on_batches(rows: list[dict[str, float | None]]) -> None:
    data = "\n".join(map(json.dumps, [{"first": 1}, *rows])).encode()
    whole = parse_table(data, "t.jsonl")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jsonl, "_BATCH_ROWS", 2)
        parts = parse_table(data, "t.jsonl")
    assert dict(whole.columns) == dict(parts.columns)
    assert whole.lines is not None
    assert parts.lines is not None
    assert whole.lines.tolist() == parts.lines.tolist() == list(range(1, len(rows) + 2))
    for name in whole.names[1:]:
        assert [None if cell is None else float(str(cell)) for cell in whole.cells(name)][1:] == [
            None if row.get(name) is None else float(row[name] or 0) for row in rows
        ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"a": 1}\n{"a": "x"}', "line 2: 'a' is text, but numbers in line 1"),
        (b'{"a": 1}\n\n{"a": true}', "line 3: 'a' is true or false, but numbers in line 1"),
        (b'{"a": [1]}', "line 1: 'a' is a list"),
        (b'{"a": {"b": 1}}', "line 1: 'a' is an object"),
        (b'{"a": 1, "a": 2}', "line 1: the key 'a' is there twice"),
        (b'{"a": 1, "a ": 2}', "line 1: the key 'a' is there twice"),
        (b'{"a": 1}\n[1]', "line 2: not an object"),
        (b'{"a": 1}\n{"a": NaN}', "line 2: not JSON: NaN is no number in JSON"),
        (b'{"a": 1}\n{"a": }', "line 2: not JSON: Expecting value"),
        (b'{"a": 1} {"a": 2}', "line 1: not JSON: Extra data"),
        (b'{"a": "\xff"}', "line 1: byte 0xff is not UTF-8"),
        (b'{"a": "\\ud800"}', "line 1: 'a' holds half a character"),
        (b'{"\\ud800": 1}', "line 1: '\\ud800' holds half a character"),
        (b'{"a": ' + b"[" * 100_000, "line 1: nested too deeply"),
        (b'{"a": ' + b"9" * 5000 + b"}", "line 1: not JSON: "),
        (b"{}\n{}", "no object has a key"),
        (b"\n \n", "the file is empty"),
        (b"", "the file is empty"),
    ],
)
def test_refusals_name_the_line(data: bytes, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_table(data, "t.jsonl")
    assert message in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.where == "t.jsonl"
    assert caught.value.hint


@settings(deadline=None)
@given(st.text('{}[]":,truefalsn01 \n\\u', max_size=40).map(str.encode) | st.binary(max_size=40))
def test_any_bytes_are_a_table_or_a_usage_error(data: bytes) -> None:
    refusal = None
    try:
        assert len(parse_table(data, "t.jsonl")) >= 1
    except UsageError as error:
        refusal = error
    assert refusal is None or refusal.hint


def test_values_stay_in_their_lines() -> None:
    table = parse_table(b'{"a": 1.5, "t": true}\n{}\n{"a": 2.5}\n{"a": 3, "t": false}\n', "t.jsonl")
    assert table.cells("a") == [1.5, None, 2.5, 3.0]
    assert table.cells("t") == ["true", None, None, "false"]
