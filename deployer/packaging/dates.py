"""Dates to numbers: a scikit-learn transformer of ours, part of pipelines with dates."""

from typing import TYPE_CHECKING, Any

from sklearn.base import BaseEstimator, TransformerMixin

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PARTS", "DateParts"]

PARTS = ("year", "month", "day", "weekday", "hour")

_HOUR, _DAY = 3600.0, 86400.0


class DateParts(TransformerMixin, BaseEstimator):  # type: ignore[misc] # sklearn has no types
    """Seconds since 1970-01-01T00:00:00 UTC to year, month, day, weekday and hour.

    The weekday counts from 0, a Monday. The calendar is the Gregorian one before 1582 too. NaN
    gives NaN. All arithmetic is on float64 with whole numbers, so that it is exact, and the same
    in an ONNX graph: :mod:`deployer.packaging.conversion.calendar` repeats it step by step.

    Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", ``civil_from_days``.
    """

    def fit(self, X: Any, y: Any = None) -> "DateParts":  # noqa: N803 - scikit-learn's name
        """Remember how many columns there are."""
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X: Any) -> "NDArray[Any]":  # noqa: N803 - scikit-learn's name
        """Return float64 of shape (N, 5 * columns): the parts of the first column first."""
        import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

        seconds = np.asarray(X, dtype=np.float64)
        parts = _parts(seconds)
        return np.stack(parts, axis=2).reshape(len(seconds), -1)


def _parts(seconds: "NDArray[Any]") -> "list[NDArray[Any]]":
    import numpy as np  # noqa: PLC0415 - as above

    floor, where = np.floor, np.where
    days = floor(seconds / _DAY)
    hour = floor((seconds - days * _DAY) / _HOUR)
    # 1970-01-01 was a Thursday.
    weekday = days + 3.0 - floor((days + 3.0) / 7.0) * 7.0
    # Days from 0000-03-01, in eras of 400 years; a year begins in March, so leap days end it.
    shifted = days + 719468.0
    era = floor(shifted / 146097.0)
    of_era = shifted - era * 146097.0
    year_of_era = floor(
        (of_era - floor(of_era / 1460.0) + floor(of_era / 36524.0) - floor(of_era / 146096.0))
        / 365.0
    )
    leap_days = floor(year_of_era / 4.0) - floor(year_of_era / 100.0)
    of_year = of_era - (year_of_era * 365.0 + leap_days)
    month_from_march = floor((of_year * 5.0 + 2.0) / 153.0)
    day = of_year - floor((month_from_march * 153.0 + 2.0) / 5.0) + 1.0
    month = where(month_from_march < 10.0, month_from_march + 3.0, month_from_march - 9.0)  # noqa: PLR2004
    year = year_of_era + era * 400.0 + where(month <= 2.0, 1.0, 0.0)  # noqa: PLR2004 - February
    return [year, month, day, weekday, hour]
