"""The comparison: in every round each server is started, asked, put under load and ended."""

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.serving.contenders import CONTENDERS, Contender
from benchmarks.serving.load import Load, middle_load, put_under_load
from benchmarks.serving.model import Model
from benchmarks.serving.servers import Failure, start

__all__ = ["CONNECTIONS", "SIZES", "Figures", "compare", "is_right"]

CONNECTIONS = 16
SIZES = (1, 1000)  # rows of a request
WARM_UP = 2.0  # seconds
CLOSE = 1e-5  # float32 against float64


@dataclass
class Figures:
    """What was seen of one server.

    Attributes:
        loads: rows of a request → one load per round.
        cold: seconds to the first answer, one per round.
        resident: bytes of all processes after the loads, one per round.
        shares: the same with shared pages shared out.
        failure: why there is no more; "" if nothing failed.

    """

    loads: dict[int, list[Load]] = field(default_factory=lambda: {size: [] for size in SIZES})
    cold: list[float] = field(default_factory=list)
    resident: list[int] = field(default_factory=list)
    shares: list[int] = field(default_factory=list)
    failure: str = ""

    def load(self, size: int) -> Load | None:
        """Return the median of the rounds with `size` rows; None if there was none."""
        return middle_load(self.loads[size]) if self.loads[size] else None

    @property
    def memory(self) -> tuple[float, float]:
        """Medians of what is resident, and of its share; 0 if nothing was seen."""
        return median(self.resident or [0]), median(self.shares or [0])


def compare(
    names: Sequence[str],
    model: Model,
    folder: Path,
    *,
    rounds: int,
    seconds: float,
    say: Callable[[str], None],
) -> dict[str, Figures]:
    """Measure each server in turns; one that fails is left out from then on."""
    found = {name: Figures() for name in names}
    for number in range(rounds):
        for name in names:
            if found[name].failure:
                continue
            place = folder / name
            place.mkdir(exist_ok=True)
            try:
                _one(CONTENDERS[name](model, place), model, place, found[name], seconds)
            except (Failure, OSError, RuntimeError, subprocess.SubprocessError) as error:
                found[name].failure = str(error)
                say(f"{name}: {error}")
            else:
                rates = [f"{found[name].loads[size][-1].rate:.0f}/s" for size in SIZES]
                say(f"round {number + 1}, {name}: {', '.join(rates)}")
    return found


def _one(
    contender: Contender, model: Model, folder: Path, figures: Figures, seconds: float
) -> None:
    bodies = {}
    for size in SIZES:
        bodies[size] = folder / f"{size}.json"
        bodies[size].write_bytes(contender.write(model.rows[:size]))
    with start(
        contender.command,
        contender.environment,
        folder=folder,
        url=contender.url,
        body=bodies[1].read_bytes(),
        headers=contender.headers,
    ) as server:
        if not is_right(contender, model, server.first):
            raise Failure(f"answers something else: {server.first[:200]!r}")
        figures.cold.append(server.cold)
        for size in SIZES:
            for length in (WARM_UP, seconds):
                load = put_under_load(
                    contender.url,
                    bodies[size],
                    contender.headers,
                    connections=CONNECTIONS,
                    seconds=length,
                )
            figures.loads[size].append(load)
        resident, shares = server.memory()
        figures.resident.append(resident)
        figures.shares.append(shares)


def is_right(contender: Contender, model: Model, answer: bytes) -> bool:
    """Return whether the answer to the first row holds the model's probabilities."""
    if contender.read is None:
        return True
    try:
        probabilities = np.asarray(contender.read(answer), dtype=np.float64)
        return bool(np.allclose(probabilities, model.answers[:1], atol=CLOSE, rtol=0))
    except (ValueError, KeyError, TypeError):
        return False
