"""SageMaker's, Vertex AI's and Azure ML's payloads, against the golden answers."""

import json
from typing import Any

import numpy as np
import pytest

from deployer.serving.matrix import MatrixColumns
from deployer.serving.models import Served
from deployer.serving.protocol.limits import Limits
from deployer.serving.protocol.plain import PlainAnswer, Platform, answer_plain
from deployer.serving.refusals import RefusedError
from tests.deployer.serving.protocol.protocol_kit import LIMITS


def post(
    served: Served,
    body: object,
    platform: Platform = "sagemaker",
    *,
    content_type: str = "application/json",
    accept: str = "",
    limits: Limits = LIMITS,
) -> PlainAnswer:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return answer_plain(
        served, sent, platform=platform, content_type=content_type, accept=accept, limits=limits
    )


def check(served: Served, documents: list[dict[str, Any]]) -> None:
    golden = served.package.golden.rows
    classes = served.package.schema.outputs.label.classes
    assert [each["label"] for each in documents] == [row.label for row in golden]
    found = [[each["probabilities"][label] for label in classes] for each in documents]
    np.testing.assert_allclose(found, [row.probabilities for row in golden], rtol=0, atol=1e-6)


def rows_of(served: Served) -> tuple[list[str], list[dict[str, Any]], list[list[Any]]]:
    names = [each.name for each in served.package.schema.inputs]
    objects: list[dict[str, Any]] = [dict(row.inputs) for row in served.package.golden.rows]
    return names, objects, [[row[name] for name in names] for row in objects]


@pytest.fixture(params=["numeric", "mixed"])
def served(request: pytest.FixtureRequest) -> Served:
    found: Served = request.getfixturevalue(request.param)
    return found


def test_sagemaker_json(served: Served) -> None:
    names, objects, lists = rows_of(served)
    backwards = [dict(reversed(row.items())) for row in objects]
    for body in (
        {"instances": objects},
        {"instances": lists},
        {"instances": [objects[0], *lists[1:]]},
        {"instances": [{"features": row} for row in lists]},
        {"instances": backwards, "parameters": {"x": 1}},
        {"columns": names, "data": lists},
        {"columns": names[::-1], "data": [row[::-1] for row in lists]},
        {"columns": [*names, "more"], "data": [[*row, [1]] for row in lists]},
        {"dataframe_split": {"columns": names, "data": lists}},
        {"dataframe_records": objects},
        objects,
        lists,
    ):
        answer = post(served, body)
        assert answer.content_type == "application/json"
        assert answer.rows == len(objects) == len(answer.labels)
        check(served, json.loads(answer.body)["predictions"])


def cells_of(row: list[Any]) -> str:
    # The only numbers so large are the dates' seconds, which CSV has as text.
    cells = [
        str(np.datetime64(int(cell), "s")) if isinstance(cell, float) and cell > 1e8 else cell
        for cell in row
    ]
    return ",".join("" if cell is None else f'"{cell}"' for cell in cells)


def test_sagemaker_csv_and_json_lines(served: Served) -> None:
    names, objects, lists = rows_of(served)
    text = "\n".join(cells_of(row) for row in lists)
    header = ",".join(names)
    for body in (text, f"{header}\n{text}\n", f"\ufeff{header}\r\n{text}\r\n"):
        answer = post(served, body.encode(), content_type="text/csv; charset=utf-8")
        check(served, json.loads(answer.body)["predictions"])
    backwards = "\n".join(f"9,{cells_of(row[::-1])}" for row in lists)
    answer = post(
        served, f"id,{','.join(names[::-1])}\n{backwards}".encode(), content_type="text/csv"
    )
    check(served, json.loads(answer.body)["predictions"])
    for rows in (objects, lists, [{"features": row} for row in lists]):
        lines = b"\n".join(json.dumps(row).encode() for row in rows)
        answer = post(served, lines, content_type="application/jsonlines")
        check(served, json.loads(answer.body)["predictions"])


def test_sagemaker_answers_as_accept_says(numeric: Served) -> None:
    _, objects, _ = rows_of(numeric)
    plain = json.loads(post(numeric, {"instances": objects}).body)["predictions"]
    answer = post(numeric, {"instances": objects}, accept="text/html, text/csv;q=0.5, */*")
    assert answer.content_type == "text/csv"
    assert answer.body.decode().splitlines() == [
        ",".join([each["label"], *map(str, each["probabilities"].values())]) for each in plain
    ]
    answer = post(numeric, {"instances": objects}, accept="application/jsonlines")
    assert [json.loads(line) for line in answer.body.splitlines()] == plain
    assert post(numeric, {"instances": objects}, accept="image/png").content_type == (
        "application/json"
    )


def test_rows_without_a_gap_take_the_short_way(numeric: Served) -> None:
    golden = [row for row in numeric.package.golden.rows if None not in row.inputs.values()]
    assert len(golden) > 2
    rows = [[row.inputs[f"n{i}"] for i in range(6)] for row in golden]
    answer = post(numeric, {"instances": rows})
    assert isinstance(answer.arrays, MatrixColumns)
    told = json.loads(answer.body)["predictions"]
    assert [each["label"] for each in told] == [row.label for row in golden]
    found = [list(each["probabilities"].values()) for each in told]
    np.testing.assert_allclose(found, [row.probabilities for row in golden], rtol=0, atol=1e-6)


def test_vertex(served: Served) -> None:
    _, objects, lists = rows_of(served)
    for rows in (objects, lists):
        answer = post(served, {"instances": rows, "parameters": {}}, "vertex", accept="text/csv")
        assert answer.content_type == "application/json"
        check(served, json.loads(answer.body)["predictions"])


def test_azureml(served: Served) -> None:
    names, objects, lists = rows_of(served)
    index = list(range(len(lists)))
    for body in (
        {"input_data": {"columns": names, "index": index, "data": lists}, "params": {}},
        {"input_data": lists},
        {"input_data": objects},
        {"data": lists},
        {"data": objects},
    ):
        check(served, json.loads(post(served, body, "azureml").body))


@pytest.mark.parametrize("body", [[], {"instances": []}, {"columns": [], "data": []}])
def test_no_rows(numeric: Served, body: object) -> None:
    if isinstance(body, dict) and "columns" in body:
        body["columns"] = [f"n{i}" for i in range(6)]
    assert json.loads(post(numeric, body).body) == {"predictions": []}
    assert post(numeric, b"", content_type="text/csv").rows == 0


ROW = [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "cannot be read"),
        (b"{", "cannot be read"),
        (b"\xff", "cannot be read"),
        (b"7", "no rows"),
        (b"{}", "no rows"),
        ({"instances": 7}, "no rows"),
        ({"instances": [], "input_data": []}, "send one"),
        ({"instances": [7]}, "row 1 is neither"),
        ({"instances": [ROW, None]}, "row 2 is neither"),
        ({"instances": [ROW, ROW[:5]]}, "row 2 has 5 cells, but there are 6 columns"),
        ({"instances": [{"n0": 1}]}, "row 1 has no column 'n1'"),
        ({"instances": [[1, 2, 3, 4, 5, [6]]]}, "column 'n5' has a cell that is a list"),
        ({"instances": [[1, 2, 3, 4, 5, {}]]}, "column 'n5' has a cell that is a list"),
        ({"instances": [[1, 2, 3, 4, 5, "x"]]}, "row 1, column 'n5': 'x' is not a number"),
        ({"instances": [ROW, [1, 2, 3, 4, 5, 1e39]]}, "row 2, column 'n5': 1e+39 is too large"),
        ({"instances": [[1, 2, 3, 4, 5, 10**400]]}, "too large"),
        ({"columns": "n0", "data": []}, "must be a list of names"),
        ({"columns": [1], "data": []}, "must be a list of names"),
        ({"columns": ["n0"], "data": [[1]]}, "column 'n1' is missing"),
        ({"columns": ["n0", *[f"n{i}" for i in range(6)]], "data": []}, "'n0' is there twice"),
    ],
)
def test_payload_that_is_not_the_model_s(numeric: Served, body: object, said: str) -> None:
    with pytest.raises(RefusedError) as caught:
        post(numeric, body)
    assert said in caught.value.message
    assert caught.value.status == 400
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"1,2,3,4,5", "row 1 has 5 cells"),
        (b"n0,n1,n2,n3,n4\n1,2,3,4,5", "row 1 has 5 cells"),
        (b"n0,n1,n2,n3,n4,n5,n5\n", "'n5' is there twice"),
        (b"1,2,3,4,5,\xff", "not UTF-8 at byte 10"),
        (b'1,2,3,4,5,"' + b"6" * 200_000, "cannot be read"),
        (b"1,2,3,4,5,one", "'one' is not a number"),
    ],
)
def test_csv_that_is_not_the_model_s(numeric: Served, body: bytes, said: str) -> None:
    with pytest.raises(RefusedError) as caught:
        post(numeric, body, content_type="text/csv")
    assert said in caught.value.message
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("platform", "content_type"),
    [
        ("vertex", "text/csv"),
        ("azureml", "application/jsonlines"),
        ("sagemaker", "application/x-npy"),
        ("sagemaker", "application/json; charset=latin-1"),
    ],
)
def test_content_types_beyond_the_contract(
    numeric: Served, platform: Platform, content_type: str
) -> None:
    with pytest.raises(RefusedError) as caught:
        post(numeric, [ROW], platform, content_type=content_type)
    assert caught.value.status == 415


def test_too_many_rows(numeric: Served) -> None:
    text = b"1,2,3,4,5,6\n" * 3
    lines = json.dumps(ROW).encode() + b"\n"
    bodies = [("application/json", json.dumps([ROW] * 3).encode())]
    bodies += [("text/csv", text), ("application/jsonlines", lines * 3)]
    for content_type, body in bodies:
        with pytest.raises(RefusedError) as caught:
            post(numeric, body, content_type=content_type, limits=Limits(max_rows=2))
        assert caught.value.status == 413
        assert post(numeric, body, content_type=content_type, limits=Limits(max_rows=3)).rows == 3


def test_deep_payload(numeric: Served) -> None:
    for content_type in ("application/json", "application/jsonlines"):
        with pytest.raises(RefusedError, match="nested more than 16"):
            post(numeric, b"[" * 100_000, content_type=content_type)
