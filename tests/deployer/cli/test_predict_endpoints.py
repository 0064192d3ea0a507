"""``deployer predict`` with real endpoints: what they answer is what the package answers here."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from deployer.cli import main
from tests.deployer.predicting.endpoint_kit import (
    KEY,
    PENGUINS,
    Endpoint,
    serving,
    train_numbers,
    train_penguins,
    train_visits,
    write_numbers,
)
from tests.deployer.predicting.peer_kit import deaf

Models = dict[str, Path]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    folder = tmp_path_factory.mktemp("models")
    trained = (train_penguins(folder), train_numbers(folder), train_visits(folder))
    return {each.name: each for each in trained}


@pytest.fixture(scope="module")
def endpoint(models: Models) -> Iterator[Endpoint]:
    with serving(*models.values()) as running:
        yield running


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOYER_API_KEY", KEY)


def run(*arguments: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(
        main, ["predict", *map(str, arguments)], input=stdin, catch_exceptions=False
    )


def at(endpoint: Endpoint, model: str) -> str:
    return f"{endpoint.url}/v2/models/{model}"


def tables(folder: Path, model: str) -> list[Path]:
    """The same rows as CSV, Parquet with types of its own, and JSON Lines."""
    path = folder / f"{model}.csv"
    if model == "penguins":
        path.write_bytes(PENGUINS.read_bytes())
    elif model == "numbers":
        write_numbers(path, rows=50)
    else:
        lines = ["when,member,note,paid,new"]
        lines += [
            "2024-02-29T13:05:09,True,a quiet room again,1.5,1",
            ",False,,,2",
            "2031-12-31,,x,9,3",
        ]
        path.write_text("\n".join(lines))
    typed = arrow_csv.read_csv(
        path, convert_options=arrow_csv.ConvertOptions(strings_can_be_null=True)
    )
    pq.write_table(typed, path.with_suffix(".parquet"))
    plain = (
        typed.set_column(0, "when", typed["when"].cast(pa.string())) if model == "visits" else typed
    )
    lines = [json.dumps(row) for row in plain.to_pylist()]
    path.with_suffix(".jsonl").write_text("\n".join(lines))
    return [path, path.with_suffix(".parquet"), path.with_suffix(".jsonl")]


@pytest.mark.parametrize("model", ["penguins", "numbers", "visits"])
def test_an_endpoint_answers_as_its_package(
    endpoint: Endpoint, models: Models, tmp_path: Path, model: str
) -> None:
    for data in tables(tmp_path, model):
        here = tmp_path / f"here-{data.suffix[1:]}.csv"
        there = tmp_path / f"there-{data.suffix[1:]}.csv"
        local = run(models[model], data, "--proba", "--out", here, "--batch-rows", "7")
        remote = run(at(endpoint, model), data, "--proba", "--out", there, "--batch-rows", "9")
        assert local.exit_code == remote.exit_code == 0, remote.stderr
        # Byte for byte: classes, order, numbers of rows, and every probability.
        assert there.read_bytes() == here.read_bytes()
        assert remote.stdout == local.stdout
        assert remote.stderr.replace("there-", "here-") == local.stderr
    first, *others = [p.read_bytes() for p in sorted(tmp_path.glob("here-*.csv"))]
    assert others == [first, first]


def test_to_the_terminal_and_as_json(endpoint: Endpoint, models: Models) -> None:
    few = "\n".join(PENGUINS.read_text().splitlines()[:4])
    for flags in ([], ["--proba"], ["-o", "json"]):
        local = run(models["penguins"], "-", *flags, stdin=few)
        remote = run(at(endpoint, "penguins"), "-", *flags, stdin=few)
        assert remote.exit_code == 0, remote.stderr
        assert remote.stdout == local.stdout
        assert "Adelie" in remote.stdout
        assert remote.stderr == ""


def test_a_key_is_asked_for(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOYER_API_KEY", "wrong")
    wrong = run(at(endpoint, "penguins"), PENGUINS)
    assert wrong.exit_code == 3
    assert "the key in DEPLOYER_API_KEY is not one of this endpoint's" in wrong.stderr
    monkeypatch.delenv("DEPLOYER_API_KEY")
    absent = run(at(endpoint, "penguins"), PENGUINS)
    assert absent.exit_code == 3
    assert "put the key into the environment variable DEPLOYER_API_KEY" in absent.stderr
    assert wrong.stderr.count("\n") == absent.stderr.count("\n") == 1


def test_models_that_are_not_there(endpoint: Endpoint) -> None:
    wrong = run(at(endpoint, "penguin"), PENGUINS)
    assert wrong.exit_code == 6
    assert "its models: numbers, penguins, visits" in wrong.stderr
    unnamed = run(endpoint.url, PENGUINS)
    assert unnamed.exit_code == 2
    assert "the server has 3 models" in unnamed.stderr
    with deaf() as url:
        absent = run(url, PENGUINS)
    assert absent.exit_code == 4
    assert "is it running? start it with: deployer serve" in absent.stderr


def test_cells_are_judged_here_with_their_place(endpoint: Endpoint, tmp_path: Path) -> None:
    data, out = tmp_path / "t.csv", tmp_path / "out.csv"
    header, *rows = PENGUINS.read_text().splitlines()
    rows[200] = rows[200].replace(",", ",wide", 2)
    data.write_text("\n".join([header, *rows]))
    result = run(at(endpoint, "penguins"), data, "--out", out, "--batch-rows", "50")
    assert result.exit_code == 2
    assert "row 201 (line 202), column 'bill_length_mm'" in result.stderr
    assert list(tmp_path.iterdir()) == [data]


def test_addresses_that_will_not_do() -> None:
    for url, words in (
        ("http://me:s3cret@127.0.0.1:1", "holds no user and no password"),
        ("http://127.0.0.1:1/v2/models/a/b", "not the address of a model"),
    ):
        result = run(url, PENGUINS)
        assert result.exit_code == 2
        assert words in result.stderr
        assert "s3cret" not in result.stderr


def test_a_key_in_the_clear_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    # Nobody resolves this name; the warning comes before anything is sent.
    result = run("http://penguins.invalid", PENGUINS, "--timeout", "5")
    assert result.exit_code == 4
    assert "the key goes over the network in the clear; use https://" in result.stderr
    monkeypatch.delenv("DEPLOYER_API_KEY")
    assert "in the clear" not in run("http://penguins.invalid", PENGUINS, "--timeout", "5").stderr


def test_other_formats_out(models: Models, tmp_path: Path) -> None:
    for name in ("p.csv", "p.jsonl", "p.parquet"):
        assert run(models["penguins"], PENGUINS, "--out", tmp_path / name).exit_code == 0
    with (tmp_path / "p.csv").open(newline="") as file:
        labels = [row["label"] for row in csv.DictReader(file)]
    lines = (tmp_path / "p.jsonl").read_text().splitlines()
    assert [json.loads(line)["label"] for line in lines] == labels
    assert pq.read_table(tmp_path / "p.parquet")["label"].to_pylist() == labels
