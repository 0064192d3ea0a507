"""Each policy finds what is wrong in its bad programs, on the right line, and nothing in good ones."""

import pytest

from infra.policy.catalog import RULES
from tests.infra.policy.policy_kit import Case, cases, lines, problems, recorded

BY_ID = {each.id: each for each in RULES}


@pytest.mark.parametrize("case", cases(), ids=lambda each: each.path.stem)
def test_program(case: Case) -> None:
    found = problems(BY_ID[case.rule], case)
    assert bool(case.lines) is not case.good
    assert lines(found) == case.lines, found


def test_each_rule_has_a_bad_and_a_good_program() -> None:
    proven = {(each.rule, each.good) for each in cases()}
    wanted = {(each.id, good) for each in RULES for good in (True, False)}
    assert len(wanted) >= 72
    assert proven == wanted


def test_places_are_in_the_program() -> None:
    for case in cases():
        for each in recorded(case):
            if each.place and not each.component:
                assert each.place.file == case.path.name
