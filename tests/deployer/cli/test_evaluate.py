"""``deployer evaluate`` as a person runs it."""

import hashlib
import json
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner, Result
from sklearn.metrics import accuracy_score, f1_score, log_loss, roc_auc_score

from deployer import typed
from deployer.cli import main
from deployer.packaging.cells import encode_table
from deployer.packaging.documents import Evaluation
from deployer.packaging.fingerprints import fingerprints, store
from deployer.packaging.load import load_package
from deployer.tables.read import read_table
from deployer.training.options import Options
from deployer.training.train import train
from tests.deployer.registry.cli_kit import World

PENGUINS = Path(__file__).parents[3] / "examples" / "penguins" / "penguins.csv"
HEADER, *ROWS = PENGUINS.read_text().splitlines()
FITTED = [row for i, row in enumerate(ROWS) if i % 3]


def seen_by_model(row: str) -> str:
    """Return what of a row the model takes, with its class."""
    cells = row.split(",")
    return ",".join([*cells[:2], *cells[4:7]])


# Every third row, but for birds that are as one of the others in all that the model takes.
KNOWN = {seen_by_model(row) for row in FITTED}
HELD_OUT = [row for row in ROWS[::3] if seen_by_model(row) not in KNOWN]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package fitted on rows of which none is held out for these tests."""
    folder = tmp_path_factory.mktemp("evaluate")
    table = folder / "train.csv"
    table.write_text("\n".join([HEADER, *FITTED]) + "\n")
    out = folder / "model"
    # Without lengths and depths it is wrong now and then.
    drop = ("year", "bill_length_mm", "bill_depth_mm")
    options = Options(drop=drop, candidates=("softmax",), strategy="none", jobs=1)
    train(table, target="species", out=out, options=options)
    return out


@pytest.fixture
def holdout(tmp_path: Path) -> Path:
    return write(tmp_path, *HELD_OUT)


def write(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "holdout.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def run(*arguments: str | Path) -> Result:
    command = ["evaluate", *map(str, arguments), "--resamples", "50"]
    return CliRunner().invoke(main, command, catch_exceptions=False)


def remember(model: Path, rows: Path, target: Path) -> Path:
    """Return a copy of the package that says it was fitted on `rows`."""
    shutil.copytree(model, target)
    loaded, table = load_package(model), read_table(rows)
    arrays = encode_table(loaded.schema.inputs, table)
    content = store(fingerprints(arrays, [str(cell) for cell in table.cells("species")]))
    (target / "training-rows.bin").write_bytes(content)
    document = json.loads((target / "model.json").read_bytes())
    document["files"]["rows"] = {
        "path": "training-rows.bin",
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    (target / "model.json").write_text(json.dumps(document))
    return target


def test_the_numbers_are_scikit_learns_on_what_predict_answers(model: Path, holdout: Path) -> None:
    result = run(model, holdout, "-o", "json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    answers = load_package(model).predict_table(read_table(holdout))
    truth = [row.split(",")[0] for row in HELD_OUT]
    classes = ["Adelie", "Chinstrap", "Gentoo"]
    scores = {name: each["value"] for name, each in found["metrics"]["scores"].items()}
    assert scores["accuracy"] == accuracy_score(truth, answers.labels) < 1
    assert scores["f1_macro"] == f1_score(truth, answers.labels, average="macro")
    assert scores["log_loss"] == log_loss(truth, answers.probabilities, labels=classes)
    assert scores["roc_auc_ovo_weighted"] == roc_auc_score(
        truth, answers.probabilities, multi_class="ovo", average="weighted"
    )
    assert found["data"] == hashlib.sha256(holdout.read_bytes()).hexdigest()
    assert found["source"] == "data"
    assert found["rows"]["evaluated"] == found["metrics"]["rows"] == len(HELD_OUT)
    assert {each["column"] for each in found["slices"]} == {"island", "sex"}
    assert found["importances"][0]["mean"] > 0
    known = {field.name for field in msgspec.structs.fields(Evaluation)}
    document = {name: value for name, value in found.items() if name in known}
    typed.decode(json.dumps({**document}).encode(), Evaluation)


def test_the_same_seed_gives_the_same_bytes(model: Path, holdout: Path) -> None:
    first, second, other = (
        run(model, holdout, "-o", "json", "--seed", seed).stdout for seed in ("3", "3", "4")
    )
    assert first == second != other


def test_tables_name_scores_classes_and_slices(
    model: Path, holdout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    result = run(model, holdout)
    assert result.exit_code == 0
    for words in (
        f"On {len(HELD_OUT)} rows",
        "macro F1",
        "95% interval",
        "is Gentoo",
        "island = ",
        "The model relies on",
        "Always answering 'Adelie'",
        "share of right answers",
    ):
        assert words in result.stdout, words
    assert "precision_weighted" not in result.stdout
    assert "weighted precision" not in result.stdout
    assert "weighted precision" in run(model, holdout, "-v").stdout


def test_rows_without_a_class_are_left_out_with_a_warning(model: Path, tmp_path: Path) -> None:
    blank = [
        row if i % 10 else row.replace(row.split(",")[0], "", 1) for i, row in enumerate(HELD_OUT)
    ]
    result = run(model, write(tmp_path, *blank), "-o", "json")
    assert result.exit_code == 0
    assert "11 rows without a 'species' left out" in result.stderr
    assert json.loads(result.stdout)["rows"]["without_class"] == 11
    assert json.loads(result.stdout)["metrics"]["rows"] == len(HELD_OUT) - 11


def test_rows_that_the_model_was_fitted_on_are_left_out(
    model: Path, holdout: Path, tmp_path: Path
) -> None:
    (tmp_path / "some").mkdir()
    some = write(tmp_path / "some", *HELD_OUT[:30])
    knowing = remember(model, some, tmp_path / "knowing")
    result = run(knowing, holdout, "-o", "json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["rows_seen"] == found["rows"]["seen"] >= 30
    assert found["metrics"]["rows"] == len(HELD_OUT) - found["rows_seen"]
    assert f"{found['rows_seen']} rows that the model was fitted on left out" in result.stderr
    refused = run(knowing, some)
    assert refused.exit_code == 2
    assert "fitted on every one of the 30 rows" in refused.stderr


def test_a_class_that_the_model_does_not_know_names_its_row(model: Path, tmp_path: Path) -> None:
    rows = [*HELD_OUT[:4], HELD_OUT[4].replace("Adelie", "Adelei"), *HELD_OUT[5:]]
    result = run(model, write(tmp_path, *rows))
    assert result.exit_code == 2
    for words in ("'Adelei'", "row 5", "'species'", "did you mean 'Adelie'"):
        assert words in result.stderr, words
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("species", "kind", "no column 'species'"),
        ("body_mass_g", "weight", "the model needs column 'body_mass_g'"),
    ],
)
def test_a_column_that_is_not_there_is_named(
    model: Path, tmp_path: Path, old: str, new: str, words: str
) -> None:
    result = run(model, write(tmp_path, *HELD_OUT, header=HEADER.replace(old, new)))
    assert result.exit_code == 2
    assert words in result.stderr


def test_slices_of_any_column_of_the_table(model: Path, holdout: Path) -> None:
    result = run(model, holdout, "--slice", "year", "-o", "json")
    found = json.loads(result.stdout)["slices"]
    assert {each["column"] for each in found} == {"year"}
    assert {each["value"] for each in found} == {"2007", "2008", "2009"}
    wrong = run(model, holdout, "--slice", "yaer")
    assert wrong.exit_code == 2
    assert "did you mean 'year'" in wrong.stderr


def test_a_limit_draws_that_many_rows(model: Path, holdout: Path) -> None:
    found = json.loads(run(model, holdout, "--limit", "40", "-o", "json").stdout)
    assert found["metrics"]["rows"] == 40


def test_reports_are_written_beside_nothing_that_is_read(
    model: Path, holdout: Path, tmp_path: Path
) -> None:
    html, md = tmp_path / "report.html", tmp_path / "summary.md"
    result = run(model, holdout, "--html", html, "--md", md)
    assert result.exit_code == 0, result.stderr
    page = html.read_text()
    assert page.lower().startswith("<!doctype html>")
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "Gentoo" in page
    assert "| accuracy" in md.read_text().lower()
    for target in (holdout, model / "README.md", tmp_path / "no" / "report.html"):
        refused = run(model, holdout, "--html", target)
        assert refused.exit_code == 2
    assert holdout.read_text().startswith(HEADER)


def test_neither_a_directory_nor_a_version(
    holdout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    missing = run("pengiuns", holdout)
    assert missing.exit_code == 6
    assert "no such directory, and no cloud is configured" in missing.stderr
    assert run("./pengiuns", holdout).exit_code == 6
    assert "no such directory" in run("some/where", holdout).stderr


def test_drift_is_told_where_the_package_has_a_profile(model: Path, holdout: Path) -> None:
    found = json.loads(run(model, holdout, "-o", "json").stdout)
    if "profile" in json.loads((model / "model.json").read_bytes())["files"]:
        assert {"island", "body_mass_g"} <= {each["name"] for each in found["drift"]}
    else:
        assert found["drift"] == []


def test_no_interval_without_resamples(model: Path, holdout: Path) -> None:
    command = ["evaluate", str(model), str(holdout), "--resamples", "0", "-o", "json"]
    result = CliRunner().invoke(main, command)
    scores = json.loads(result.stdout)["metrics"]["scores"]
    assert all(each["low"] is None for each in scores.values())
    assert np.isfinite(scores["accuracy"]["value"])


def test_a_version_is_fetched_under_the_rules_of_pull(
    model: Path, holdout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "world").mkdir()
    world = World(tmp_path / "world", monkeypatch)
    world.local_clouds()
    world.invoke("push", str(model), "penguins:champion").ok()
    before = world.everything()
    fetched = run("penguins@champion", holdout, "-o", "json")
    assert fetched.exit_code == 0, fetched.stderr
    here = json.loads(run(model, holdout, "-o", "json").stdout)
    there = json.loads(fetched.stdout)
    assert {**there, "model": ""} == {**here, "model": ""}
    assert {name for name in world.everything() if "stores" in name} == {
        name for name in before if "stores" in name
    }
    world.invoke("key", "new", "release.pem").ok()
    signing = '[signing]\nmode = "key"\npublic_keys = ["release.pem.pub"]\n'
    world.local_clouds(more=f"{signing}require_signature = true\n")
    refused = run("penguins@champion", holdout)
    assert refused.exit_code == 11
    assert "not signed" in refused.stderr
    assert run("penguins:7", holdout).exit_code == 6
    assert run("penguins", holdout, "--clouds", "mars").exit_code == 2


def test_the_training_table_gives_its_held_out_rows_or_all_on_request(model: Path) -> None:
    table = model.parent / "train.csv"
    training = json.loads((model / "model.json").read_bytes())["training"]["rows"]
    found = json.loads(run(model, table, "-o", "json").stdout)
    assert found["rows"]["seen"] == training["train"]
    assert found["rows"]["evaluated"] == training["test"]
    recorded = json.loads((model / "metrics.json").read_bytes())["scores"]
    told = found["metrics"]["scores"]
    assert told["accuracy"]["value"] == recorded["accuracy"]["value"]
    assert told["log_loss"]["value"] == pytest.approx(recorded["log_loss"]["value"])
    kept = run(model, table, "--keep-seen", "-o", "json")
    assert json.loads(kept.stdout)["rows"]["evaluated"] == len(FITTED)
    assert kept.stderr == ""
