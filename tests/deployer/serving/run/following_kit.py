"""How long an alias takes to arrive: a server that follows it, clients at a steady rate, moves."""

import json
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from deployer.packaging.load import load_package
from deployer.training.options import Options
from deployer.training.train import train
from tests.deployer.registry.cli_kit import World
from tests.deployer.serving.run.serve_kit import (
    MODEL,
    PENGUINS,
    Client,
    Server,
    infer_body,
    until,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Followed", "Move", "follow"]

SETTLED = 1.0  # seconds after its first answer, in which the version before might still answer
_INFER = f"/v2/models/{MODEL}/infer"


class Move(NamedTuple):
    """What clients saw of a move; seconds since the command that moved the alias returned.

    Attributes:
        first: until the first answer of the version that it moved to was there.
        last: until the last answer of the version before was there.

    """

    first: float
    last: float


class Followed(NamedTuple):
    """What came of it all.

    Attributes:
        moves: one after the other.
        asked: requests.
        failed: those with no answer, or with another status than 200.
        wrong: answers whose probabilities are not those of the digest in their header.
        source: of the last version, as the server names it.

    """

    moves: list[Move]
    asked: int
    failed: list[str]
    wrong: int
    source: str


class _Seen(NamedTuple):
    """An answer: when it was there, whose it says that it is, and what it says."""

    at: float
    digest: str
    probabilities: "NDArray[np.float64]"


class _Clients:
    """Threads that ask at a steady rate, each on a connection that it keeps."""

    def __init__(self, url: str, body: bytes, *, count: int, rate: float) -> None:
        self.seen: list[_Seen] = []
        self.failed: list[str] = []
        self._url, self._body = url, body
        self._every = count / rate
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(number / rate,)) for number in range(count)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, offset: float) -> None:
        client = Client(self._url)
        due = time.monotonic() + offset
        while not self._stop.wait(max(due - time.monotonic(), 0)):
            due += self._every
            try:
                answer = client.ask(_INFER, self._body)
                outputs = {each["name"]: each for each in answer.json.get("outputs", ())}
            except Exception as error:  # noqa: BLE001 - whatever it is, it counts
                self.failed.append(repr(error))
                client.close()
                client = Client(self._url)
                continue
            if answer.status != 200:
                self.failed.append(f"{answer.status}: {answer.body[:200]!r}")
                continue
            found = outputs["probabilities"]
            values = np.array(found["data"]).reshape(found["shape"])
            self.seen.append(_Seen(time.monotonic(), answer.digest, values))
        client.close()


def follow(world: World, *, moves: int, rate: float = 50, clients: int = 4) -> Followed:
    """Serve an alias with the default settings, move it to and fro, and look at every answer."""
    packages = [_train(world.folder / f"package-{n}", n) for n in (1, 2)]
    world.local_clouds("aws")
    digests = []
    for number, package in enumerate(packages, start=1):
        world.invoke("push", str(package), MODEL).ok()
        shown = world.invoke("show", f"{MODEL}:{number}", "-o", "json").ok().json
        digests.append(str(shown["manifest"]).removeprefix("sha256:"))
    world.run("alias", "set", MODEL, "champion", "1").ok()
    body = infer_body(packages[0])
    right = dict(zip(digests, (_answers(each, packages[0]) for each in packages), strict=True))
    found = []
    with (
        Server(world, f"{MODEL}@champion").ready() as server,
        _Clients(server.url, body, count=clients, rate=rate) as asking,
    ):
        until(lambda: len(asking.seen) > rate, "answers")
        for move in range(moves):
            new = digests[(move + 1) % 2]
            world.run("alias", "set", MODEL, "champion", str(digests.index(new) + 1)).ok()
            found.append(_seen(asking, time.monotonic(), new, digests[move % 2]))
        source = server.entry()["source"]
    wrong = sum(
        each.digest not in right
        or not np.allclose(each.probabilities, right[each.digest], atol=1e-5)
        for each in asking.seen
    )
    asked = len(asking.seen) + len(asking.failed)
    return Followed(found, asked, asking.failed, wrong, source)


def _seen(asking: _Clients, returned: float, new: str, old: str) -> Move:
    begun = len(asking.seen)

    def of(digest: str) -> list[float]:
        # Those before, too: the alias may arrive before the command has returned.
        return [each.at - returned for each in asking.seen[begun - 200 if begun > 200 else 0 :]
                if each.digest == digest]  # fmt: skip

    until(lambda: any(each > -1 for each in of(new)), "an answer of the new version")
    first = min(each for each in of(new) if each > -1)
    until(lambda: time.monotonic() > returned + first + SETTLED, "the rest")
    return Move(first, max(of(old)))


def _train(out: Path, start: int) -> Path:
    lines = PENGUINS.read_text("utf-8").splitlines()
    table = out.with_suffix(".csv")
    table.write_text("\n".join([lines[0], *lines[start::3]]) + "\n", "utf-8")
    options = Options(candidates=("softmax",), strategy="none", folds=2, jobs=1)
    train(table, target="species", out=out, options=options)
    return out


def _answers(package: Path, asked: Path) -> "NDArray[np.float32]":
    """Return what a package says of the golden rows of another."""
    rows: Sequence[dict[str, dict[str, object]]] = json.loads((asked / "golden.json").read_bytes())[
        "rows"
    ]
    names = rows[0]["inputs"]
    columns = {name: [row["inputs"][name] for row in rows] for name in names}
    return load_package(package).predict(columns).probabilities  # type: ignore[arg-type] # cells
