"""``deployer predict`` as a person runs it."""

import csv
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from deployer.cli import main
from deployer.training.options import Options
from deployer.training.train import train
from tests.deployer.registry.cli_kit import World

PENGUINS = Path(__file__).parents[3] / "examples" / "penguins" / "penguins.csv"
QUICK = Options(candidates=("softmax",), strategy="none", jobs=1, drop=("year",))
HEADER, *ROWS = PENGUINS.read_text().splitlines()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("cli") / "model"
    train(PENGUINS, target="species", out=out, options=QUICK)
    return out


def run(*arguments: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(
        main, ["predict", *map(str, arguments)], input=stdin, catch_exceptions=False
    )


def test_the_training_file_itself(model: Path) -> None:
    result = run(model, PENGUINS, "-o", "json")
    assert result.exit_code == 0
    assert result.stderr == ""
    answers = json.loads(result.stdout)
    assert len(answers) == 344
    right = sum(each["label"] == row.split(",")[0] for each, row in zip(answers, ROWS, strict=True))
    assert right / 344 > 0.97
    for each in answers:
        assert each["label"] == max(each["probabilities"], key=each["probabilities"].get)
        assert sum(each["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    golden = json.loads((model / "golden.json").read_bytes())["rows"][0]
    promised = dict(zip(["Adelie", "Chinstrap", "Gentoo"], golden["probabilities"], strict=True))
    assert answers[golden["row"] - 1]["probabilities"] == pytest.approx(promised, abs=1e-6)


def test_tables_from_stdin(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    few = "\n".join([HEADER, *ROWS[:3]])
    short = run(model, "-", stdin=few)
    assert short.exit_code == 0
    assert short.stdout.count("Adelie") == 3
    assert "Chinstrap" not in short.stdout
    assert "Chinstrap" in run(model, "-", "--proba", stdin=few).stdout


def test_csv_has_a_line_per_row(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "predictions.csv"
    result = run(model, PENGUINS, "--proba", "--out", out)
    assert result.exit_code == 0
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["row"]) for row in rows] == list(range(1, 345))
    assert list(rows[0])[2:] == [f"probability:{c}" for c in ("Adelie", "Chinstrap", "Gentoo")]
    counted = json.loads(run(model, PENGUINS, "--out", out, "-o", "json", "-q").stdout)
    assert sum(counted["labels"].values()) == counted["rows"] == 344
    assert list(tmp_path.iterdir()) == [out]


def test_unseen_categories_other_orders_and_more_columns(model: Path) -> None:
    table = "sex,island,bill_length_mm,body_mass_g,flipper_length_mm,bill_depth_mm,id\n"
    result = run(model, "-", "-o", "json", stdin=table + "?,Mars,NA,3000,,18,7\n")
    assert result.exit_code == 0
    assert len(json.loads(result.stdout)) == 1
    assert result.stderr == "warning: stdin: columns that the model does not use: 'id'\n"


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("", "stdin: the file is empty"),
        (HEADER, "stdin: a header but no rows"),
        (
            f"{HEADER}\n{ROWS[0]}".replace("island", "ilsand"),
            "needs column 'island' — did you mean",
        ),
        (
            f"{HEADER}\n{ROWS[0]}\n{ROWS[1]}x".replace("39.5", "wide"),
            "row 2 (line 3), column 'bill",
        ),
        (f"{HEADER}\n{ROWS[0]},1", "line 2: 9 cells, but the header has 8"),
    ],
)
def test_tables_that_will_not_do(model: Path, table: str, words: str) -> None:
    result = run(model, "-", stdin=table)
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_paths_that_will_not_do(model: Path, tmp_path: Path) -> None:
    assert run(model, tmp_path / "absent.csv").exit_code == 6
    assert run(tmp_path / "absent", PENGUINS).exit_code == 6
    assert run(PENGUINS, PENGUINS).exit_code == 2
    own = Path(shutil.copy(PENGUINS, tmp_path / "own.csv"))
    assert run(model, own, "--out", own).exit_code == 2
    assert run(model, own, "--out", model / "model.onnx").exit_code == 2
    assert own.read_bytes() == PENGUINS.read_bytes()


def test_a_damaged_model_answers_nothing(model: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(model, tmp_path / "model"))
    content = bytearray((copy / "model.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (copy / "model.onnx").write_bytes(content)
    result = run(copy, PENGUINS)
    assert result.exit_code == 11
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_a_version_is_fetched_under_the_rules_of_pull(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path, monkeypatch)
    world.local_clouds()
    world.invoke("push", str(model), "penguins:champion").ok()
    fetched = run("penguins@champion", PENGUINS, "-o", "json", "-q")
    assert fetched.exit_code == 0, fetched.stderr
    assert fetched.stdout == run(model, PENGUINS, "-o", "json").stdout
    assert run("penguins:7", PENGUINS).exit_code == 6


def test_an_interrupted_batch_leaves_nothing_and_can_be_run_again(
    model: Path, tmp_path: Path
) -> None:
    data, out = tmp_path / "many.csv", tmp_path / "out.csv"
    data.write_text("\n".join([HEADER, *ROWS * 400]))
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "deployer",
        "predict",
        model,
        data,
        "--out",
        out,
        "-q",
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)
    try:
        end = time.monotonic() + 30
        while not list(tmp_path.glob(".out.csv.*")) and time.monotonic() < end:
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    assert stderr == b"interrupted; running the same command again resumes\n"
    assert list(tmp_path.iterdir()) == [data]
    assert run(model, data, "--out", out, "-q").exit_code == 0
    with out.open() as file:
        assert sum(1 for _ in file) == 1 + 400 * len(ROWS)


def test_prediction_needs_no_training_library(model: Path) -> None:
    code = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name in ('sklearn', 'pandas', 'onnx', 'skops', 'scipy', 'jinja2'):\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "from deployer.cli import main\n"
        f"main(['predict', {str(model)!r}, {str(PENGUINS)!r}, '-o', 'json'], standalone_mode=False)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.parametrize("command", ["train", "predict"])
def test_help_imports_nothing_slow(command: str) -> None:
    code = (
        "import sys\nfrom deployer.cli import main\n"
        f"main([{command!r}, '--help'], standalone_mode=False)\n"
        "heavy = {'sklearn', 'pandas', 'numpy', 'onnxruntime', 'onnx', 'rich'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
