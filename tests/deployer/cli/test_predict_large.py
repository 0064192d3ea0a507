"""Files much larger than what may be held: memory is bounded by the batch, whatever the format."""

import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.deployer.predicting.endpoint_kit import PENGUINS, train_penguins

pytestmark = pytest.mark.slow

MIB = 1024
# What reading ahead, two batches and their answers take; a table of 200 MB takes 600 or more.
MOST = 120 * MIB

RUN = """
import sys
from deployer.cli import main
main(["predict", *sys.argv[1:], "-o", "json"], standalone_mode=False)
lines = dict(line.split(":") for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(lines["VmHWM"].split()[0], file=sys.stderr)
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_penguins(tmp_path_factory.mktemp("large"))


def peak(model: Path, data: Path, out: Path) -> int:
    """Return the most memory that a prediction held, in KiB."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, model, data, "--proba", "--out", out],
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stderr.split()[-1])


def repeat(path: Path, header: str, lines: list[str], size: int) -> int:
    """Write `lines` again and again until the file has `size` bytes; return how many."""
    block = "".join(f"{line}\n" for line in lines)
    times = size // len(block)
    with path.open("w") as file:
        file.write(header)
        for _ in range(times):
            file.write(block)
    return times * len(lines)


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize(("suffix", "size"), [("csv", 200_000_000), ("jsonl", 60_000_000)])
def test_memory_is_bounded(model: Path, tmp_path: Path, suffix: str, size: int) -> None:
    header, *rows = PENGUINS.read_text().splitlines()
    few, many = tmp_path / f"few.{suffix}", tmp_path / f"many.{suffix}"
    if suffix == "jsonl":
        lines = [f'{{"island": "Dream", "sex": null, "body_mass_g": {n}, "year": 2007,'
                 ' "bill_length_mm": 40.5, "bill_depth_mm": 18, "flipper_length_mm": 190}'
                 for n in range(3000, 3300)]  # fmt: skip
        few.write_text("\n".join(lines))
        written = repeat(many, "", lines, size)
    else:
        few.write_text(PENGUINS.read_text())
        written = repeat(many, header + "\n", rows, size)
    base = peak(model, few, tmp_path / "few.parquet")
    most = peak(model, many, tmp_path / "many.parquet")
    assert pq.read_metadata(tmp_path / "many.parquet").num_rows == written
    assert most - base < MOST
