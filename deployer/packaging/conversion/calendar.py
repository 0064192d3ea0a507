"""Seconds to year, month, day, weekday and hour: ``deployer.packaging.dates`` as a graph."""

from deployer.packaging.conversion.graph import Graph

__all__ = ["convert_dates"]


def convert_dates(graph: Graph, seconds: str) -> str:
    """Return the parts of float64 `seconds` of shape (N, 1) as a float64 matrix of shape (N, 5).

    Step by step as in :class:`~deployer.packaging.dates.DateParts`, where the source is named:
    operations on float64 give the same bits everywhere.
    """
    numbers: dict[float, str] = {}

    def number(value: float | str) -> str:
        if isinstance(value, str):
            return value
        if value not in numbers:
            numbers[value] = graph.number(value)
        return numbers[value]

    def plus(one: str, other: float | str) -> str:
        return graph.add("Add", one, number(other))

    def minus(one: str, other: float | str) -> str:
        return graph.add("Sub", one, number(other))

    def times(one: str, other: float) -> str:
        return graph.add("Mul", one, number(other))

    def whole(one: str, other: float) -> str:
        """Return ``floor(one / other)``."""
        return graph.add("Floor", graph.add("Div", one, number(other)))

    def less(one: str, other: float, yes: float | str, no: float | str) -> str:
        smaller = graph.add("Less", one, number(other))
        return graph.add("Where", smaller, number(yes), number(no))

    days = whole(seconds, 86400.0)
    hour = whole(minus(seconds, times(days, 86400.0)), 3600.0)
    from_monday = plus(days, 3.0)
    weekday = minus(from_monday, times(whole(from_monday, 7.0), 7.0))
    shifted = plus(days, 719468.0)
    era = whole(shifted, 146097.0)
    of_era = minus(shifted, times(era, 146097.0))
    without_leaps = minus(
        plus(minus(of_era, whole(of_era, 1460.0)), whole(of_era, 36524.0)),
        whole(of_era, 146096.0),
    )
    year_of_era = whole(without_leaps, 365.0)
    leap_days = minus(whole(year_of_era, 4.0), whole(year_of_era, 100.0))
    of_year = minus(of_era, plus(times(year_of_era, 365.0), leap_days))
    month_from_march = whole(plus(times(of_year, 5.0), 2.0), 153.0)
    before = whole(plus(times(month_from_march, 153.0), 2.0), 5.0)
    day = plus(minus(of_year, before), 1.0)
    # NaN is not less than 10, and stays NaN either way.
    month = less(month_from_march, 10.0, plus(month_from_march, 3.0), minus(month_from_march, 9.0))
    year = plus(plus(year_of_era, times(era, 400.0)), less(month, 3.0, 1.0, 0.0))
    return graph.beside([year, month, day, weekday, hour])
