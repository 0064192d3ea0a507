"""Recording is quick enough to be done at every pull request."""

import os

import pytest

from infra.review.record import Job, record_all
from tests.infra.review.recorder_kit import PROGRAMS, TIMEOUT, recorded


@pytest.mark.slow
def test_three_hundred_resources_within_ten_seconds() -> None:
    recorded("many_resources.py")  # compiles what was never imported
    start = os.times().children_user
    [program] = record_all([Job(PROGRAMS / "many_resources.py", timeout=TIMEOUT)])
    taken = os.times().children_user - start  # not what a busy machine adds
    assert len(program.resources) == 300
    assert taken < 10, taken


def test_the_same_program_is_recorded_the_same() -> None:
    first, second = record_all([Job(PROGRAMS / "main_guard.py", timeout=TIMEOUT)] * 2)
    assert first == second
