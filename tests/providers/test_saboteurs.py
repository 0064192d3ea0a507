"""Does the suite bite? Every broken store must be caught, and the honest one must pass."""

import pytest

from providers.memory import MemoryDriver
from providers.store import Store
from tests.providers.harness_local import MemoryHarness
from tests.providers.harness_runner import cases, run
from tests.providers.saboteurs import SABOTEURS, Saboteur

pytestmark = pytest.mark.usefixtures("waits")


@pytest.mark.parametrize("saboteur", SABOTEURS, ids=lambda saboteur: saboteur.name)
def test_saboteur_is_caught(saboteur: Saboteur) -> None:
    chosen = list(cases([saboteur.caught_by]))
    assert chosen, "the case does not exist"
    failures = [run(case, saboteur.harness) for case in chosen]
    assert any(failures), f"{saboteur.name} passes {saboteur.caught_by}"


@pytest.mark.parametrize("name", sorted({saboteur.caught_by for saboteur in SABOTEURS}))
def test_honest_store_passes(name: str) -> None:
    failures = [run(case, MemoryHarness) for case in cases([name])]
    assert not [failure for failure in failures if failure]


def test_each_saboteur_is_broken_in_one_place() -> None:
    for saboteur in SABOTEURS:
        honest = (saboteur.make is MemoryDriver, saboteur.store is Store)
        assert saboteur.name != "nothing"
        assert any(honest)
    assert len({saboteur.name for saboteur in SABOTEURS}) == len(SABOTEURS)


@pytest.mark.slow
def test_every_case_can_fail() -> None:
    """A case that no saboteur can bring down may as well be empty."""
    named = {saboteur.caught_by for saboteur in SABOTEURS}
    tame = {case.name for case in cases()} - named
    for case in cases(sorted(tame)):
        if case.name in tame and any(run(case, saboteur.harness) for saboteur in SABOTEURS):
            tame.discard(case.name)
    assert tame == set()
