"""Parts of dates: those of Python's calendar, and the same bits in the graph."""

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from deployer.packaging.conversion.calendar import convert_dates
from deployer.packaging.conversion.graph import Graph
from deployer.packaging.dates import PARTS, DateParts
from tests.deployer.packaging.graph_kit import run

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parts(seconds: float) -> NDArray[np.float64]:
    column = np.array([[seconds]])
    return np.asarray(DateParts().fit(column).transform(column)[0])


FIRST = (datetime(1, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(seconds=1)
LAST = (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC) - EPOCH) // timedelta(seconds=1)


@settings(max_examples=300, deadline=None)
@given(seconds=st.integers(FIRST, LAST), rest=st.sampled_from([0.0, 0.5, 0.999]))
@example(seconds=951_868_799, rest=0.999)  # the last second of 2000-02-29
@example(seconds=-2_203_894_801, rest=0.0)  # of 1900-02-28, in a year without a leap day
@example(seconds=-1, rest=0.0)
@example(seconds=4_107_542_400, rest=0.0)  # 2100-03-01
def test_python_agrees(seconds: int, rest: float) -> None:
    when = EPOCH + timedelta(seconds=seconds)
    expected = [when.year, when.month, when.day, when.weekday(), when.hour]
    assert parts(seconds + rest).tolist() == expected
    assert len(PARTS) == len(expected)


GRAPH = Graph()
CALENDAR = run(GRAPH, "double", convert_dates(GRAPH, "x"))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.floats(min_value=-1e13, max_value=1e13) | st.just(np.nan), min_size=1))
def test_the_graph_agrees_bit_by_bit(seconds: list[float]) -> None:
    column = np.array(seconds).reshape(-1, 1)
    expected = DateParts().fit(column).transform(column)
    assert np.array_equal(CALENDAR(column), expected, equal_nan=True)
    assert np.array_equal(np.isnan(expected).all(axis=1), np.isnan(column[:, 0]))


def test_columns_stay_together() -> None:
    columns = np.array([[0.0, 86400.0], [np.nan, 3600.0]])
    found = DateParts().fit(columns).transform(columns)
    assert found[0].tolist() == [1970, 1, 1, 3, 0, 1970, 1, 2, 4, 0]
    assert np.isnan(found[1, :5]).all()
    assert found[1, 5:].tolist() == [1970, 1, 1, 3, 1]
