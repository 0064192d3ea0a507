"""Real servers: ``deployer serve`` as a process, with models trained on the spot."""

import csv
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deployer.training.options import Options
from deployer.training.train import train

PENGUINS = Path(__file__).parents[3] / "examples" / "penguins" / "penguins.csv"
KEY = "a-key-for-tests-only"
_OPTIONS = Options(candidates=("softmax",), strategy="none", jobs=1)
_STARTED = 60


@dataclass(frozen=True)
class Endpoint:
    """A server that runs.

    Attributes:
        url: of REST.
        grpc: its host and port.
        admin: URL of the port for those who run it.
        digests: of the models, by name.

    """

    url: str
    grpc: str
    admin: str
    digests: dict[str, str]


def train_penguins(folder: Path) -> Path:
    """Train a model of numbers and categories; return its folder, called ``penguins``."""
    out = folder / "penguins"
    train(PENGUINS, target="species", out=out, options=_OPTIONS)
    return out


def train_numbers(folder: Path, columns: int = 8) -> Path:
    """Train a model of numbers alone; return its folder, called ``numbers``."""
    table = write_numbers(folder / "numbers.csv", rows=120, columns=columns)
    out = folder / "numbers"
    train(table, target="kind", out=out, options=_OPTIONS)
    return out


def write_numbers(path: Path, *, rows: int, columns: int = 8) -> Path:
    draw = random.Random(7)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*(f"x{n}" for n in range(columns)), "kind"])
        for _ in range(rows):
            numbers = [round(draw.gauss(0, 1), 3) for _ in range(columns)]
            writer.writerow([*numbers, "high" if sum(numbers) > 0 else "low"])
    return path


def train_visits(folder: Path) -> Path:
    """Train a model with dates, truth values and prose; return its folder, called ``visits``."""
    table = folder / "visits.csv"
    draw = random.Random(3)
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["when", "member", "note", "paid", "came"])
        for day in range(160):
            member = draw.random() < 0.5
            came = member or day % 7 == 0
            note = draw.choice(["asked for a table", "wants a quiet room near the garden"])
            writer.writerow(
                [
                    f"2024-{day % 12 + 1:02}-{day % 28 + 1:02}",
                    str(member),
                    f"{note} {'again and again' if came else 'this once'} {draw.choice('abcdef')}",
                    draw.choice(["", f"{draw.random() * 90:.2f}"]),
                    "yes" if came else "no",
                ]
            )
    out = folder / "visits"
    train(table, target="came", out=out, options=_OPTIONS)
    return out


@contextmanager
def serving(*models: Path, environment: dict[str, str] | None = None) -> Iterator[Endpoint]:
    """Run a server of `models` that knows one key, :data:`KEY`; it is stopped by its own id."""
    with tempfile.TemporaryDirectory() as home:
        settings = {
            **os.environ,
            "XDG_CONFIG_HOME": f"{home}/config",
            "XDG_STATE_HOME": f"{home}/state",
            "XDG_CACHE_HOME": f"{home}/cache",
            "DEPLOYER_SERVE_KEYS": f"tests:{hashlib.sha256(KEY.encode()).hexdigest()}",
            **(environment or {}),
        }
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "deployer",
                "serve",
                *map(str, models),
                "--port",
                "0",
                "-o",
                "json",
            ],
            cwd=home,
            env=settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            ready = _first_line(process)
            digests = {each["name"]: each["digest"] for each in ready["models"]}
            yield Endpoint(ready["url"], ready["grpc"], ready["admin"], digests)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            finally:
                process.kill()
                process.wait()


def _first_line(process: "subprocess.Popen[bytes]") -> dict[str, Any]:
    assert process.stdout is not None
    late = threading.Timer(_STARTED, process.kill)
    late.start()
    try:
        line = process.stdout.readline()
    finally:
        late.cancel()
    assert line, f"the server ended before it was ready: {process.poll()}"
    ready: dict[str, Any] = json.loads(line)
    return ready
