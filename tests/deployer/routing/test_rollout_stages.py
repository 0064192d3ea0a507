import itertools
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.errors import UsageError
from deployer.routing.canary.conduct import begin_or_resume
from deployer.routing.canary.stages import Event, Rollout, advance, check_steps, share
from deployer.routing.folder import RouterFolder

EVENTS: tuple[Event, ...] = ("prepared", "passed", "crossed", "promoted", "settled", "returned")
BEGUN = Rollout(model="penguins", alias="champion", to=2, steps=(5, 25, 100))
STEPS = st.sets(st.integers(1, 99), max_size=4).map(lambda found: (*sorted(found), 100))


def walk(rollout: Rollout, *events: Event) -> Rollout:
    for event in events:
        rollout = advance(rollout, event)
    return rollout


def test_a_good_version_goes_up_step_by_step_and_is_promoted() -> None:
    seen = []
    rollout = BEGUN
    for event in ("prepared", "passed", "passed", "passed", "promoted", "settled"):
        seen.append((rollout.phase, share(rollout)))
        rollout = advance(rollout, event)
    assert seen == [
        ("prepare", 0),
        ("watch", 5),
        ("watch", 25),
        ("watch", 100),
        ("promote", 100),
        ("settle", 100),
    ]
    assert (rollout.phase, share(rollout), rollout.over) == ("done", 0, True)


@pytest.mark.parametrize(
    "before",
    [(), ("prepared",), ("prepared", "passed"), ("prepared", "passed", "passed", "passed")],
)
def test_a_bound_that_is_crossed_takes_everything_back(before: tuple[Event, ...]) -> None:
    rollout = advance(walk(BEGUN, *before), "crossed", reason="too slow")
    assert (rollout.phase, share(rollout), rollout.reason) == ("return", 0, "too slow")
    assert advance(rollout, "returned").over


@given(STEPS, st.lists(st.sampled_from(EVENTS), max_size=30))
def test_whatever_happens_the_share_only_rises_until_it_is_taken_back(
    steps: tuple[int, ...], events: list[Event]
) -> None:
    rollout = msgspec.structs.replace(BEGUN, steps=steps)
    path = [rollout]
    happened: list[Event] = []
    for event in events:
        try:
            rollout = advance(rollout, event)
        except ValueError:
            continue
        happened.append(event)
        path.append(rollout)
    shares = [share(each) for each in path]
    ended = next((i for i, each in enumerate(path) if each.phase in {"return", "done"}), len(path))
    assert all(low <= high for low, high in itertools.pairwise(shares[:ended]))
    assert not any(shares[ended:]), "nothing goes to a version that was taken back"
    if "crossed" in happened:
        assert "settled" not in happened
        assert "promoted" not in happened
    if "promoted" in happened:
        assert happened.count("passed") == len(steps), "no step was left out"
    assert all(value == 0 or value in {*steps} for value in shares)


@given(STEPS)
def test_every_stage_has_a_way_to_an_end(steps: tuple[int, ...]) -> None:
    rollout = msgspec.structs.replace(BEGUN, steps=steps)
    open_, ends, seen = [rollout], set(), set()
    while open_:
        each = open_.pop()
        if (each.phase, each.step) in seen:
            continue
        seen.add((each.phase, each.step))
        after = []
        for event in EVENTS:
            try:
                after.append(advance(each, event))
            except ValueError:
                continue
        assert each.over == (not after), each.phase
        ends |= {each.phase} if each.over else set()
        open_ += after
    assert ends == {"done", "returned"}


@pytest.mark.parametrize("steps", [(), (5, 25), (0, 100), (50, 25, 100), (50, 50, 100), (5, 101)])
def test_steps_must_rise_to_100(steps: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="do not rise"):
        check_steps(steps)
    assert check_steps((1, 100)) == (1, 100)


def test_the_same_rollout_goes_on_and_another_one_is_refused(tmp_path: Path) -> None:
    folder = RouterFolder(tmp_path)
    assert begin_or_resume(folder, BEGUN) == (BEGUN, False)
    begun = walk(BEGUN, "prepared", "passed")
    folder.write("rollout.json", msgspec.json.encode(begun))
    assert begin_or_resume(folder, BEGUN) == (begun, True)
    with pytest.raises(UsageError, match="not over") as caught:
        begin_or_resume(folder, msgspec.structs.replace(BEGUN, to=3))
    assert "--to 2 --steps 5,25,100" in caught.value.hint
    over = walk(begun, "crossed", "returned")
    folder.write("rollout.json", msgspec.json.encode(over))
    assert begin_or_resume(folder, BEGUN) == (BEGUN, False)
