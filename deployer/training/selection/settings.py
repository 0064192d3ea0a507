"""What is tried of each family: its defaults first, then a grid or settings drawn at random."""

import itertools
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["grid_settings", "random_settings"]

# Drawn again at most this often per setting that is wanted, where few different ones exist.
_DRAWS = 10


def grid_settings(
    grid: Mapping[str, Sequence[Any]], defaults: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return `defaults`, then all combinations of the grid's values but that one."""
    points = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    return _different([_known(grid, defaults), *points])


def random_settings(
    distributions: Mapping[str, Any],
    defaults: Mapping[str, Any],
    *,
    family: str,
    trials: int,
    seed: int,
) -> list[dict[str, Any]]:
    """Return `defaults`, then different settings drawn at random: `trials` of them in all.

    There are fewer where the space has no more. What is drawn depends on the family's name and
    the seed, and not on which other families take part; more trials add to those of fewer.

    Args:
        distributions: parameter to a list of values or a scipy distribution.
        defaults: parameter to value.
        family: its name.
        trials: how many settings, 1 or more.
        seed: the same seed gives the same settings.

    """
    import numpy as np  # noqa: PLC0415 - slow to import

    random = np.random.RandomState([seed, zlib.crc32(family.encode())])
    settings = [_known(distributions, defaults)]
    for _ in range(_DRAWS * (trials - 1) if distributions else 0):
        if len(settings) >= trials:
            break
        # Sorted as in scikit-learn's ParameterSampler: one draw must not depend on the order.
        drawn = {name: _draw(distributions[name], random) for name in sorted(distributions)}
        if drawn not in settings:
            settings.append(drawn)
    return settings


def _known(names: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    return {name: defaults[name] for name in names if name in defaults}


def _draw(space: Any, random: Any) -> Any:
    value = space.rvs(random_state=random) if hasattr(space, "rvs") else _one(space, random)
    # JSON knows Python's numbers only.
    return value.item() if hasattr(value, "item") else value


def _one(values: Sequence[Any], random: Any) -> Any:
    return values[random.randint(len(values))]


def _different(settings: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    for each in settings:
        if each not in kept:
            kept.append(each)
    return kept
