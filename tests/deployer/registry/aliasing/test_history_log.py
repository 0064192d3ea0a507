"""The log of an alias, read from its end: verified, bounded, and what a rollback reads from it."""

import json
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from deployer.errors import MissingError
from deployer.registry.aliasing.aliases import Move, move, read_alias
from deployer.registry.aliasing.history import Entry, Trail, history, read_trails, stack_of
from deployer.registry.cloud import Cloud
from deployer.registry.format import layout
from deployer.registry.format.records import Deletion, digest, encode
from deployer.registry.reading.resolve import read_version
from providers.memory import MemoryDriver
from tests.deployer.registry.registry_kit import folder_of, memory_clouds, push

MOVES = [1, 2, 3, 2, 1]
TXN = "0f9f5a4c-3c1e-4a52-9a53-1e2f6a3f0b{:02x}"


@pytest.fixture
def home(tmp_path: Path) -> Cloud:
    """A cloud with penguins:1 to :3 and champion moved over them."""
    clouds = memory_clouds("aws")
    for number in range(1, 4):
        push(clouds, folder_of(tmp_path / f"{number}", {"a": b"%d" % number}), state=tmp_path / "s")
    for number, version in enumerate(MOVES):
        go(clouds[0], version, txn=TXN.format(number), note=f"to {version}")
    return clouds[0]


def go(home: Cloud, version: int, alias: str = "champion", **more: Any) -> None:
    manifest = read_version(home, "penguins", version).manifest
    fields: dict[str, Any] = {"epoch": 1, "txn": TXN.format(99)} | more
    move(home, Move(model="penguins", alias=alias, version=version, manifest=manifest, **fields))


def trail(home: Cloud, limit: int = 200) -> Trail:
    return read_trails(home, "penguins", ["champion"], limit)[0]


def edit(home: Cloud, key: str, **fields: Any) -> None:
    said = json.loads(home.store.get(key)) | fields
    home.store.put(key, rfc8785.dumps(said), mode="overwrite")


def entry(seq: int) -> str:
    return layout.alias_log("penguins", "champion", seq)


def problems(home: Cloud, limit: int = 200) -> tuple[str, ...]:
    return trail(home, limit).problems


class TestTrail:
    def test_newest_first_with_where_it_came_from(self, home: Cloud) -> None:
        found = trail(home)
        assert [(e.seq, e.before, e.record and e.record.version) for e in found.entries] == [
            (5, 2, 1),
            (4, 3, 2),
            (3, 2, 3),
            (2, 1, 2),
            (1, None, 1),
        ]
        assert found.whole
        assert found.problems == ()

    @pytest.mark.parametrize("limit", [1, 2, 4, 5, 6])
    def test_a_limit(self, home: Cloud, limit: int) -> None:
        found = trail(home, limit)
        assert [each.seq for each in found.entries] == [5, 4, 3, 2, 1][:limit]
        assert found.whole is (limit >= 5)
        assert found.problems == ()

    def test_a_move_that_was_broken_off_counts(self, home: Cloud) -> None:
        """The log is the truth: whoever moves the alias next finishes it."""
        driver = home.store.driver
        assert isinstance(driver, MemoryDriver)
        before = driver.objects[layout.alias("penguins", "champion")]
        go(home, 3)
        driver.objects[layout.alias("penguins", "champion")] = before
        found = trail(home)
        assert [each.seq for each in found.entries] == [6, 5, 4, 3, 2, 1]
        assert found.problems == ()

    def test_an_alias_that_is_not_there(self, home: Cloud) -> None:
        found = read_trails(home, "penguins", ["nosuch"], 20)[0]
        assert (found.entries, found.whole, found.problems) == ((), True, ())


class TestTampering:
    """What somebody who can write to the bucket may do to it."""

    @pytest.mark.parametrize("seq", [1, 2, 3, 4])
    def test_an_entry_rewritten(self, home: Cloud, seq: int) -> None:
        edit(home, entry(seq), by="somebody else")
        assert problems(home) == (f"champion: entry {seq + 1} does not continue entry {seq}",)

    def test_the_newest_entry_rewritten(self, home: Cloud) -> None:
        edit(home, entry(5), by="somebody else")
        assert problems(home) == ("champion: the alias is not what entry 5 of its history says",)

    def test_the_entry_below_the_limit_rewritten(self, home: Cloud) -> None:
        """It is not shown, and yet what is shown must be held against it."""
        edit(home, entry(3), by="somebody else")
        assert problems(home, 2) == ("champion: entry 4 does not continue entry 3",)

    def test_an_entry_removed(self, home: Cloud) -> None:
        home.store.delete(entry(3))
        assert problems(home) == (
            "champion: entry 4 cannot be verified: entry 3 is missing",
            "champion: entry 3 is missing",
        )

    def test_an_entry_replaced_by_garbage(self, home: Cloud) -> None:
        home.store.put(entry(3), b"garbage", mode="overwrite")
        found = problems(home)
        assert len(found) == 2
        assert "entry 3 is damaged" in found[1]

    def test_an_entry_of_another_alias(self, home: Cloud) -> None:
        edit(home, entry(2), alias="staging")
        assert any("it says that it is of penguins@staging" in each for each in problems(home))

    def test_a_chain_that_begins_in_the_middle(self, home: Cloud) -> None:
        edit(home, entry(1), prev="0" * 64)
        assert "champion: entry 1 does not continue entry 0" in problems(home)

    def test_a_damaged_alias(self, home: Cloud) -> None:
        home.store.put(layout.alias("penguins", "champion"), b"garbage", mode="overwrite")
        found = trail(home)
        assert [each.seq for each in found.entries] == [5, 4, 3, 2, 1]
        assert "aliases/champion.json" in found.problem

    def test_an_alias_without_its_entry(self, home: Cloud) -> None:
        for seq in range(1, 6):
            home.store.delete(entry(seq))
        assert "champion: entry 5 is missing" in problems(home)


class TestHistory:
    def test_all_aliases_and_deletions_by_time(self, home: Cloud) -> None:
        edit(home, layout.alias("penguins", "latest"), at="2020-01-01T00:00:00Z")
        for number, at in ((2, "2030-01-01T00:00:00Z"), (1, "2031-01-01T00:00:00Z")):
            manifest = read_version(home, "penguins", number).manifest
            record = Deletion(
                format=1,
                model="penguins",
                version=number,
                manifest=manifest,
                txn=TXN.format(98),
                at=at,
                by="ana@host",
                claim=number == 1,
            )
            home.store.put(layout.deleted("penguins", number), encode(record), mode="create")
        events, _ = history(home, "penguins", None, 100)
        assert isinstance(events[0], Deletion)
        assert events[0].version == 2
        seqs = [(each.alias, each.seq) for each in events if isinstance(each, Entry)]
        assert len(seqs) == len(events) - 1 == 8  # a claim is no deletion yet
        for alias in ("latest", "champion"):
            mine = [seq for name, seq in seqs if name == alias]
            assert mine == sorted(mine, reverse=True)
        assert len(history(home, "penguins", None, 3)[0]) == 3

    def test_one_alias(self, home: Cloud) -> None:
        events, found = history(home, "penguins", "champion", 2)
        assert [each.seq for each in events if isinstance(each, Entry)] == [5, 4]
        assert found == []

    @pytest.mark.parametrize(("name", "alias"), [("penguins", "nosuch"), ("otters", None)])
    def test_nothing_there(self, home: Cloud, name: str, alias: str | None) -> None:
        with pytest.raises(MissingError, match=alias or name):
            history(home, name, alias, 20)

    def test_a_removal_points_nowhere(self, home: Cloud) -> None:
        go(home, 1, removed=True, txn=TXN.format(50))
        go(home, 3, txn=TXN.format(51))
        events, _ = history(home, "penguins", "champion", 3)
        assert [(e.seq, e.before) for e in events if isinstance(e, Entry)] == [
            (7, None),
            (6, 1),
            (5, 2),
        ]


def test_the_digest_is_of_the_bytes_in_the_log(home: Cloud) -> None:
    """Else a canonical twin of a record could stand in its place."""
    found = read_alias(home, "penguins", "champion")
    assert found is not None
    assert digest(home.store.get(entry(5))) == digest(found[1])


# The stack rule


def by_replaying(acts: list[tuple[str, int]]) -> tuple[list[int], list[int]]:
    """A simple model: a person who writes a pile of cards, and notes where the alias points.

    Returns:
        The moves of the alias, and the pile that is left.

    """
    pile: list[int] = []
    moves: list[int] = []
    for act, version in acts:
        if act == "back":
            if len(pile) < 2:
                continue
            pile.pop()
        elif version in pile:
            while pile[-1] != version:
                pile.pop()
        else:
            pile.append(version)
        moves.append(pile[-1])
    return moves, pile


ACTS = st.lists(st.tuples(st.sampled_from(["to", "back"]), st.integers(1, 6)), max_size=60)


@given(ACTS)
def test_the_stack_is_the_pile(acts: list[tuple[str, int]]) -> None:
    """A rollback is a move like any other; the pile is found again from the moves alone."""
    moves, pile = by_replaying(acts)
    assert stack_of(moves, whole=True) == pile


@given(ACTS)
def test_going_back_again_and_again_ends_at_the_first(acts: list[tuple[str, int]]) -> None:
    moves, pile = by_replaying(acts)
    visited = []
    while len(stack := stack_of(moves, whole=True)) > 1:
        visited.append(stack[-2])
        moves.append(stack[-2])
    assert visited == pile[-2::-1]


@given(st.lists(st.integers(1, 12), min_size=1, max_size=40), st.integers(0, 20))
def test_of_a_part_it_never_says_what_was_given_up(numbers: list[int], cut: int) -> None:
    """With rising versions: what is cut off can leave it without an answer, not with a wrong one."""
    acts: list[tuple[str, int]] = []
    newest = 0
    for number in numbers:
        if number > 6:
            acts.append(("back", 0))
        else:
            newest += 1
            acts.append(("to", newest))
    moves, pile = by_replaying(acts)
    part = stack_of(moves[cut:], whole=cut == 0)
    assert part == pile[len(pile) - len(part) :]


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        ([], []),
        ([1], [1]),
        ([1, 2, 3], [1, 2, 3]),
        ([1, 2, 3, 2], [1, 2]),
        ([1, 2, 3, 2, 1], [1]),
        ([1, 2, 3, 2, 4], [1, 2, 4]),
        ([1, 1], [1]),
    ],
)
def test_examples(moves: list[int], expected: list[int]) -> None:
    assert stack_of(moves, whole=True) == expected
