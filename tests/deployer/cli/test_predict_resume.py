"""``deployer predict --resume`` as a person runs it: killed, interrupted, left without its endpoint."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from deployer.cli import main
from deployer.predicting import unfinished
from tests.deployer.predicting.endpoint_kit import PENGUINS, train_penguins
from tests.deployer.predicting.peer_kit import Asked, Said, answer, document, peer
from tests.deployer.serving.run.serve_kit import make_packages

HEADER, *ROWS = PENGUINS.read_text().splitlines()
TIMES = 20
ALL = len(ROWS) * TIMES
OPTIONS = ("--proba", "--batch-rows", "40")

# What is kept is looked after once a second, which is long for so few rows.
SLOWLY = """
import sys, time
from deployer.predicting import unfinished
from deployer.cli import main
unfinished.EVERY = 0
encoded = unfinished.Unfinished.add
def add(*arguments, **options):
    encoded(*arguments, **options)
    time.sleep(0.01)  # so that there is a moment to be killed in
unfinished.Unfinished.add = add
main(["predict", *sys.argv[1:]])
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_penguins(tmp_path_factory.mktemp("resume"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    path.write_text("\n".join([HEADER, *ROWS * TIMES]) + "\n")
    return path


def run(*arguments: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, ["predict", *map(str, arguments)], input=stdin)


def rows_kept(out: Path) -> int:
    try:
        record = json.loads((out.parent / f".{out.name}.partial.json").read_bytes())
    except FileNotFoundError:
        return 0
    return int(record["rows"])


def killed(number: int, rows: int, *arguments: str | Path, out: Path) -> str:
    """Send a signal once so many rows are kept; return what was said on stderr."""
    process = subprocess.Popen(
        [sys.executable, "-c", SLOWLY, *arguments, "--out", out],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 30
    while rows_kept(out) < rows:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline, f"{rows} rows are not kept in time"
        time.sleep(0.002)
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == (-signal.SIGKILL if number == signal.SIGKILL else 130), said
    return said


@pytest.mark.parametrize("name", ["p.csv", "p.jsonl", "p.parquet"])
def test_killed_again_and_again(model: Path, data: Path, tmp_path: Path, name: str) -> None:
    whole, out = tmp_path / f"whole-{name}", tmp_path / name
    assert run(model, data, *OPTIONS, "--out", whole).exit_code == 0
    for rows in (40, 1500, 4000):
        killed(signal.SIGKILL, rows, model, data, *OPTIONS, "--resume", out=out)
        assert not out.exists()
        assert rows_kept(out) >= rows
    before = rows_kept(out)
    plain = run(model, data, *OPTIONS, "--out", out)
    assert plain.exit_code == 2
    assert f"{before} predictions of a run that did not end are kept" in plain.stderr
    assert "go on with --resume, or start over with --restart" in plain.stderr
    assert plain.stderr.count("\n") == 1
    result = run(model, data, *OPTIONS, "--out", out, "--resume", "-o", "json")
    assert result.exit_code == 0, result.stderr
    assert out.read_bytes() == whole.read_bytes()
    assert sorted(tmp_path.iterdir()) == sorted([data, whole, out])
    assert f"wrote {ALL} predictions to {out}, {before} of them before" in result.stderr
    counted = json.loads(result.stdout)
    again = json.loads(run(model, data, *OPTIONS, "--out", out, "-o", "json").stdout)
    assert counted == again, "the summary is of all rows"


def test_interrupted(model: Path, data: Path, tmp_path: Path) -> None:
    whole, out = tmp_path / "whole.csv", tmp_path / "p.csv"
    run(model, data, *OPTIONS, "--out", whole)
    said = killed(signal.SIGINT, 1000, model, data, *OPTIONS, out=out)
    assert f"{rows_kept(out)} predictions are kept; the same command goes on with --resume" in said
    assert run(model, data, *OPTIONS, "--out", out, "--resume").exit_code == 0
    assert out.read_bytes() == whole.read_bytes()


def test_other_data_model_and_options(model: Path, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "p.csv"
    killed(signal.SIGKILL, 400, model, data, *OPTIONS, out=out)
    other = make_packages(tmp_path)[0]
    changed = tmp_path / "changed.csv"
    # The same size, and the same time.
    changed.write_bytes(data.read_bytes().replace(b"Torgersen", b"torgersen", 1))
    os.utime(changed, ns=(data.stat().st_atime_ns, data.stat().st_mtime_ns))
    for arguments, said in (
        ((other, data, *OPTIONS), "what differs: the model (then sha256:"),
        ((model, changed, *OPTIONS), "what differs: the data (then sha256:"),
        ((model, data, "--proba"), "what differs: --batch-rows (then 40, now 10000)"),
        ((model, data, "--batch-rows", "40"), "what differs: --proba (then given)"),
    ):
        result = run(*arguments, "--out", out, "--resume")
        assert result.exit_code == 2
        assert said in result.stderr
        assert result.stderr.count("\n") == 1
        assert not out.exists()
    # Rows under another name are the same rows; a plain run with others is not held up.
    renamed = data.rename(tmp_path / "renamed.csv")
    assert run(model, renamed, *OPTIONS, "--out", out, "--resume").exit_code == 0
    killed(signal.SIGKILL, 400, model, renamed, *OPTIONS, out=out)
    result = run(model, changed, *OPTIONS, "--out", out)
    assert result.exit_code == 0
    assert "an unfinished run is thrown away; other: the data" in result.stderr


def test_rows_from_stdin(model: Path, data: Path, tmp_path: Path) -> None:
    whole, out = tmp_path / "whole.csv", tmp_path / "p.csv"
    run(model, data, *OPTIONS, "--out", whole)
    killed(signal.SIGKILL, 400, model, data, *OPTIONS, out=out)
    result = run(model, "-", *OPTIONS, "--out", out, "--resume", stdin=data.read_text())
    assert result.exit_code == 0, result.stderr
    assert out.read_bytes() == whole.read_bytes()


def test_quotes_in_the_middle(model: Path, tmp_path: Path) -> None:
    """The reader changes where the first quote is, and with it where batches end."""
    lines = [*ROWS * TIMES, ROWS[0].replace("Torgersen", '"Torgersen"'), *ROWS]
    data = tmp_path / "quoted.csv"
    data.write_text("\n".join([HEADER, *lines]) + "\n")
    whole, out = tmp_path / "whole.parquet", tmp_path / "p.parquet"
    run(model, data, *OPTIONS, "--out", whole)
    for rows in (2000, ALL + 40):
        killed(signal.SIGKILL, rows, model, data, *OPTIONS, "--resume", out=out)
    assert run(model, data, *OPTIONS, "--out", out, "--resume").exit_code == 0
    assert out.read_bytes() == whole.read_bytes()


def test_where_nothing_can_be_kept(model: Path, tmp_path: Path) -> None:
    shown = run(model, PENGUINS, "--resume")
    assert shown.exit_code == 2
    assert "write the predictions to a file with --out FILE" in shown.stderr
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    result = run(model, PENGUINS, "--out", pipe, "--resume")
    assert result.exit_code == 2
    assert "a pipe or a device cannot be gone on with" in result.stderr


class Endpoint:
    """Answers some requests, and then refuses."""

    def __init__(self, answers: int, digest: str = "d" * 64) -> None:
        self.left, self.digest = answers, digest
        self.expected: list[str] = []

    def __call__(self, asked: Asked) -> Said:
        self.expected.append(asked.headers.get("x-deployer-expect-digest", ""))
        self.left -= 1
        if self.left < 0:
            return Said(0)
        said = answer(2)
        return Said(200, said.body, said.headers | {"x-deployer-model-digest": self.digest})


def test_an_endpoint_that_goes_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unfinished, "EVERY", 0.0)
    data, out, whole = tmp_path / "t.csv", tmp_path / "p.csv", tmp_path / "whole.csv"
    data.write_text("height,colour,born\n" + "1,red,2020-01-01\n" * 8)
    options = ("--batch-rows", "2", "--concurrency", "1", "--timeout", "2")
    with peer(infer=Endpoint(99)) as (_, url):
        assert run(url, data, *options, "--out", whole).exit_code == 0
    with peer(infer=Endpoint(3)) as (_, url):
        lost = run(url, data, *options, "--out", out)
    assert lost.exit_code == 4, lost.stderr
    assert "predictions are kept; the same command goes on with --resume" in lost.stderr
    done = rows_kept(out)
    assert done in (2, 4, 6)
    # Another version is not asked for the rest.
    for stranger in (Endpoint(99, "e" * 64), refuse):
        with peer(infer=stranger) as (_, url):
            other = run(url, data, *options, "--out", out, "--resume")
        assert other.exit_code == 4
        assert rows_kept(out) == done
    # Elsewhere, and the same version: it is the same endpoint.
    again = Endpoint(99)
    with peer(infer=again) as (_, url):
        assert run(url, data, *options, "--out", out, "--resume").exit_code == 0
    assert again.expected == ["d" * 64] * ((8 - done) // 2)
    assert out.read_bytes() == whole.read_bytes()


def refuse(asked: Asked) -> Said:
    return document({"error": f"not {asked.headers['x-deployer-expect-digest'][:4]}…"}, 503)
