"""Processes at the same store at once: one of them wins a key, none of them loses a move."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.deployer.registry.cloud_backends import BACKENDS, STRICT, Backend, opened
from tests.deployer.registry.racing_processes import create_once, move_alias, race
from tests.deployer.registry.registry_kit import alias_log, audit, contents, push

MakeFolder = Callable[[Mapping[str, bytes]], Path]

RACERS, ROUNDS = 8, 200
MOVERS, MOVES = 5, 50
QUICK_ROUNDS, QUICK_MOVES = 15, 6


def check_one_winner_each_round(backend: Backend, rounds: int) -> None:
    won = race(create_once, backend, processes=RACERS, rounds=rounds)
    winners = [[n for n in range(RACERS) if won[n][round_]] for round_ in range(rounds)]
    assert [len(each) for each in winners] == [1] * rounds, "not exactly one winner each round"
    with opened(backend) as cloud:
        prizes = contents(cloud)
    assert prizes == {f"prizes/{n}": b"racer %d" % who for n, (who,) in enumerate(winners)}


@pytest.mark.parametrize("backend", STRICT, indirect=True)
def test_a_few_creations_of_one_key(backend: Backend) -> None:
    check_one_winner_each_round(backend, QUICK_ROUNDS)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("backend", BACKENDS, indirect=True)
def test_8_processes_create_one_key_200_times(backend: Backend) -> None:
    check_one_winner_each_round(backend, ROUNDS)


def check_no_move_is_lost(
    backend: Backend, make_folder: MakeFolder, state: Path, moves: int
) -> None:
    with opened(backend) as cloud:
        for number in range(3):
            push([cloud], make_folder({"a": b"%d" % number}), state=state)
        ids = race(move_alias, backend, processes=MOVERS, rounds=moves)
        objects = contents(cloud)
    total = MOVERS * moves
    alias = json.loads(objects["models/penguins/aliases/champion.json"])
    assert alias["seq"] == total
    log = alias_log(objects, "penguins", "champion")
    assert [entry["seq"] for entry in log] == list(range(1, total + 1))
    assert sorted(entry["txn"] for entry in log) == sorted(txn for mine in ids for txn in mine)
    assert alias == log[-1]
    assert audit(objects) == {"penguins": [1, 2, 3]}  # the hash chain, among others


@pytest.mark.parametrize("backend", STRICT, indirect=True)
def test_a_few_moves_of_one_alias(backend: Backend, make_folder: MakeFolder, state: Path) -> None:
    check_no_move_is_lost(backend, make_folder, state, QUICK_MOVES)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("backend", BACKENDS, indirect=True)
def test_5_processes_move_one_alias_50_times_each(
    backend: Backend, make_folder: MakeFolder, state: Path
) -> None:
    check_no_move_is_lost(backend, make_folder, state, MOVES)
