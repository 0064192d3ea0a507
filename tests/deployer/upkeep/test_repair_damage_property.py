"""Whatever is damaged on two of three clouds: all of it is found, and all of it comes back."""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.deployer.upkeep.upkeep_kit import (
    DAMAGES,
    everything,
    flip,
    problems,
    repaired,
    small_registry,
    strike_memory,
    verified,
)

damages = st.one_of(
    st.integers(0, 400).map(lambda at: lambda body: flip(body, at)),
    st.integers(0, 400).map(lambda at: lambda body: body[: at % max(1, len(body))] or b"?"),
    st.binary(max_size=60).map(lambda more: lambda body: b"!" + more),
    st.just(DAMAGES["delete"]),
)
strikes = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 2), damages), max_size=12)


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(strikes=strikes, spared=st.integers(0, 2), metadata=st.booleans())
def test_any_damage(strikes: list[tuple[int, int, object]], spared: int, metadata: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        clouds = small_registry()
        before = everything(clouds)
        keys = sorted(before[0])
        struck: dict[str, set[int]] = {}
        for number, index, damage in strikes:
            key = keys[number % len(keys)]
            # Each object stays whole on one cloud at least; where nothing recorded tells a
            # changed record from another one, on two, which agree.
            others = struck.setdefault(key, set()) - {index}
            if index == spared or index in struck[key] or (others and not metadata):
                continue
            struck[key].add(index)
            strike_memory(clouds[index], key, damage, metadata=metadata)  # type: ignore[arg-type]
        wanted = {(clouds[i].name, key) for key, each in struck.items() for i in each}
        assert wanted <= {each[:2] for each in problems(verified(clouds))}
        assert repaired(clouds, Path(folder) / "state").code == 0
        assert everything(clouds) == before
        assert problems(verified(clouds)) == set()
