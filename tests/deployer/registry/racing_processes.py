"""Real processes that do one thing to one store at the same time."""

import multiprocessing
import os
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from typing import Any
from uuid import uuid4

from deployer.registry.aliasing.aliases import Move, move
from deployer.registry.cloud import Cloud
from deployer.registry.format.names import parse_reference
from deployer.registry.reading.resolve import resolve
from providers.errors import AlreadyExistsError
from providers.open import open_store
from tests.deployer.registry.cloud_backends import Backend

__all__ = ["Racer", "create_once", "move_alias", "race"]

DEADLINE = 1000.0
SDKS = ["providers.s3", "providers.gcs", "providers.azure_blob"]


@dataclass(frozen=True)
class Racer:
    """One process of a race.

    Attributes:
        number: which one, from 0.
        rounds: how often it does its thing.
        start: where all of them meet.

    """

    cloud: str
    url: str
    environment: Mapping[str, str]
    number: int
    rounds: int
    start: Barrier

    def meet(self) -> None:
        """Wait for the others."""
        self.start.wait(DEADLINE)


Act = Callable[[Cloud, Racer], Any]


def create_once(cloud: Cloud, racer: Racer) -> list[bool]:
    """Create one key a round, everybody with bytes of their own; return the rounds won."""
    won = []
    for number in range(racer.rounds):
        racer.meet()
        try:
            cloud.store.put(f"prizes/{number}", b"racer %d" % racer.number, mode="create")
        except AlreadyExistsError:
            won.append(False)
        else:
            won.append(True)
    return won


def move_alias(cloud: Cloud, racer: Racer) -> list[str]:
    """Move penguins@champion once a round, to one version after the other; return the moves' ids."""
    manifests = [resolve(cloud, parse_reference(f"penguins:{n}")).digest for n in (1, 2, 3)]
    ids = []
    racer.meet()
    for number in range(racer.rounds):
        ids.append(str(uuid4()))
        to = (racer.number + number) % 3
        wanted = Move("penguins", "champion", to + 1, manifests[to], 1, ids[-1])
        assert move(cloud, wanted).txn == ids[-1]
    return ids


def race(act: Act, backend: Backend, *, processes: int, rounds: int) -> list[Any]:
    """Run `act` in many processes at once; return what each of them returned."""
    # From a process that has imported the SDKs and has no threads: a racer costs a fork.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(SDKS)
    start = context.Barrier(processes)
    racers = []
    for number in range(processes):
        mine, theirs = context.Pipe(duplex=False)
        racer = Racer(backend.cloud, backend.url, dict(backend.environment), number, rounds, start)
        process = context.Process(target=_run, args=(act, racer, theirs), daemon=True)
        process.start()
        theirs.close()
        racers.append((process, mine))
    try:
        return [_result(pipe) for _, pipe in racers]
    finally:
        for process, pipe in racers:
            pipe.close()
            process.kill()
            process.join()


def _result(pipe: Any) -> Any:
    assert pipe.poll(DEADLINE), "a racer says nothing"
    failure, result = pipe.recv()
    assert failure is None, failure
    return result


def _run(act: Act, racer: Racer, pipe: Any) -> None:
    os.environ.update(racer.environment)
    try:
        with open_store(racer.url) as store:
            pipe.send((None, act(Cloud(racer.cloud, store), racer)))
    except BaseException:  # noqa: BLE001 - the test shows it
        racer.start.abort()
        pipe.send((traceback.format_exc(), None))
