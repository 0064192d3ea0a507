"""The plain folder: built from the lock, it serves without the environment it was built in."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent
DEADLINE = 60.0  # seconds


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_folder_made_from_the_lock_answers_and_ends(tmp_path: Path) -> None:
    model, bundle = tmp_path / "model", tmp_path / "bundle"
    table = ROOT / "examples" / "penguins" / "penguins.csv"
    options = ("--target", "species", "--candidates", "softmax", "--search", "none", "-q")
    train = [str(BIN / "deployer"), "train", str(table), *options, "--out", str(model)]
    subprocess.run(train, check=True, timeout=300)
    subprocess.run(
        [ROOT / "image" / "folder.sh", bundle, "aws"],
        env={**os.environ, "UV": str(BIN / "uv"), "PYTHON": sys.executable},
        check=True,
        timeout=400,
    )
    elsewhere = tmp_path / "elsewhere"
    bundle.rename(elsewhere)
    # The interpreter that this environment was made from has none of its packages.
    base = Path(sys.base_prefix) / "bin" / "python3"
    flags = ("--port", "0", "--auth", "none", "-o", "json")
    process = subprocess.Popen(
        [str(elsewhere / "bin" / "serve"), f"bench={model}", *flags],
        env={"PATH": os.environ["PATH"], "PYTHON": str(base), "HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        cwd=tmp_path,
        text=True,
    )
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        with urllib.request.urlopen(f"{ready['url']}/v2/health/ready", timeout=10) as answer:
            assert answer.status == 200
        environment = {"PORT": ready["url"].rsplit(":", 1)[1], "PATH": os.environ["PATH"]}
        health = subprocess.run([base, elsewhere / "health.py"], env=environment, check=False)
        assert health.returncode == 0
        maps = Path(f"/proc/{process.pid}/maps")
        if maps.exists():
            libraries = {
                line.split()[-1] for line in maps.read_text().splitlines() if ".so" in line
            }
            assert not [each for each in libraries if "site-packages" in each]
            assert [each for each in libraries if each.startswith(str(elsewhere))]
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE) == 0
    finally:
        process.kill()
        process.wait()
