"""How long a model takes for a row, as far as was seen: whether others may wait for its answer."""

__all__ = ["Pace"]

_QUICK = 0.002
"""Seconds that others may wait; to hand a request to a thread and back takes a tenth of that."""

_NEW = 0.2
_MOST = 100


class Pace:
    """Seconds per row, by model."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    def seen(self, model: str, rows: int, seconds: float) -> None:
        """Take note of an answer; the last five or so count."""
        if rows > 0 and (model in self._seconds or len(self._seconds) < _MOST):
            now = seconds / rows
            before = self._seconds.get(model, now)
            self._seconds[model] = before + _NEW * (now - before)

    def is_quick(self, model: str, rows: int) -> bool:
        """Return whether so many rows are likely to be answered at once; not if it is not known."""
        seconds = self._seconds.get(model)
        return seconds is not None and seconds * rows <= _QUICK
