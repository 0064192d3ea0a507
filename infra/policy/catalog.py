"""Every policy there is, in order: what the modules of `infra.policy.rules` hold as `RULES`."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from infra.policy import rules
from infra.policy.model import Rule

__all__ = ["RULES", "rule"]


def _rules() -> Iterator[Rule]:
    for module in iter_modules(rules.__path__):
        if not module.name.startswith("_"):
            yield from import_module(f"{rules.__name__}.{module.name}").RULES


RULES: tuple[Rule, ...] = tuple(sorted(_rules(), key=lambda each: each.id))


def rule(id: str) -> Rule:
    """Return the policy with an id.

    Raises:
        KeyError: there is none.

    """
    for each in RULES:
        if each.id == id:
            return each
    raise KeyError(id)
