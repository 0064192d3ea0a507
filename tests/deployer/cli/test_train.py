"""``deployer train`` as a person runs it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from deployer.cli import main

PENGUINS = Path(__file__).parents[3] / "examples" / "penguins" / "penguins.csv"


QUICK = ["--candidates", "softmax", "--search", "none", "--jobs", "1"]


def run(*arguments: str | Path) -> Result:
    command = ["train", *map(str, arguments), *QUICK]
    return CliRunner().invoke(main, command, catch_exceptions=False)


def test_a_summary_and_what_to_do_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    result = run(PENGUINS, "--target", "species")
    assert result.exit_code == 0
    for words in ["Adelie", "152", "f1_macro", "Always 'Adelie'", "0.442", "model.onnx"]:
        assert words in result.stdout
    assert "read penguins.csv: 344 rows, 7 features (5 numeric, 2 categorical)" in result.stderr
    assert "agree on all 344 rows" in result.stderr
    assert "next: deployer push model penguins --clouds aws,gcp,azure" in result.stderr
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert [path.name for path in tmp_path.iterdir()] == ["model"]

    again = run(PENGUINS, "--target", "species")
    assert again.exit_code == 2
    assert again.stderr.count("\n") == 1
    assert "--force" in again.stderr
    assert run(PENGUINS, "--target", "species", "--force", "-q").stderr == ""


def test_json_is_one_document(tmp_path: Path) -> None:
    result = run(PENGUINS, "--target", "species", "--out", tmp_path / "m", "-o", "json", "-q")
    document = json.loads(result.stdout)
    metrics = json.loads((tmp_path / "m" / "metrics.json").read_bytes())
    assert document["metrics"] == metrics
    assert document["classes"] == {"Adelie": 152, "Chinstrap": 68, "Gentoo": 124}
    assert document["files"]["model.onnx"] == (tmp_path / "m" / "model.onnx").stat().st_size
    assert document["warnings"] == []


HEADER, *ROWS = PENGUINS.read_text().splitlines()


def with_cell(row: int, column: int, cell: str) -> str:
    cells = ROWS[row - 1].split(",")
    cells[column] = cell
    return "\n".join([HEADER, *ROWS[: row - 1], ",".join(cells), *ROWS[row:]])


HOSTILE = {
    "empty": (b"", 2, "empty"),
    "header only": (HEADER.encode(), 2, "no rows"),
    "one class": ("\n".join([HEADER, *ROWS[:100]]).encode(), 2, "one class only, 'Adelie'"),
    "single row": (with_cell(7, 0, "Dodo").encode(), 2, "class 'Dodo' has a single row"),
    "infinite": (with_cell(9, 3, "inf").encode(), 2, "row 9 (line 10), column 'bill_depth_mm'"),
    "mixed": (with_cell(9, 3, "wide").encode(), 2, "row 9 (line 10), column 'bill_depth_mm'"),
    "ragged": (with_cell(9, 3, "1,2").encode(), 2, "line 10: 9 cells"),
    "encoding": (with_cell(9, 1, "Å").encode("latin-1"), 2, "line 10: byte 0xc5"),
    "no target": (PENGUINS.read_bytes().replace(b"species", b"spices", 1), 2, "'spices'"),
    "duplicate": (PENGUINS.read_bytes().replace(b"island", b"sex", 1), 2, "columns 2 and 7"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_tables_end_in_one_line_and_leave_nothing(name: str, tmp_path: Path) -> None:
    content, code, words = HOSTILE[name]
    data = tmp_path / "data.csv"
    data.write_bytes(content)
    result = run(data, "--target", "species", "--out", tmp_path / "new" / "model")
    assert result.exit_code == code
    assert words in result.stderr
    assert " — " in result.stderr
    assert len([line for line in result.stderr.splitlines() if "✓" not in line]) == 1
    assert result.stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == ["data.csv"]


def test_paths_that_will_not_do(tmp_path: Path) -> None:
    assert run(tmp_path / "absent.csv", "--target", "x", "--out", tmp_path / "m").exit_code == 6
    assert run(tmp_path, "--target", "x", "--out", tmp_path / "m").exit_code == 2
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    result = run(PENGUINS, "--target", "species", "--out", tmp_path / "mine", "--force")
    assert result.exit_code == 2
    assert "not a model package" in result.stderr
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_help_has_examples_line_by_line() -> None:
    assert "\n    deployer train penguins.csv --target species\n" in run("--help").output
