"""What a user demands and lets pass, as the pack is told.

In the engine's own way, as the configuration of policy ``DEP000`` in the file that
``--policy-pack-config`` names::

    {"DEP000": {"demands": {"residency": ["EU"]}, "suppressions": [
        {"rule": "DEP008", "resource": "logs", "reason": "…", "until": "2027-01-01"}]}}

or the inner object as JSON in the variable ``DEPLOYER_POLICY``. Where both have a key, the
configuration counts.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from infra.policy.check import Suppression
from infra.policy.model import Demands

__all__ = ["SCHEMA", "VARIABLE", "Settings", "settings"]

VARIABLE = "DEPLOYER_POLICY"

SCHEMA: dict[str, dict[str, Any]] = {
    "demands": {"type": "object"},
    "suppressions": {"type": "array", "items": {"type": "object"}},
}
"""JSON Schema of what ``DEP000`` can be configured with."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a review is made with.

    Attributes:
        demands: beyond the rules.
        suppressions: what is let pass.
        idle: whether suppressions that this stack does not need are told of: where several stacks
            share a list, each needs some of it; of the variable alone.

    """

    demands: Demands = Demands()
    suppressions: tuple[Suppression, ...] = ()
    idle: bool = True


def settings(configured: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
    """Return what the pack is told.

    Args:
        configured: of ``DEP000``, as plain values.
        environment: variables of the process.

    Raises:
        ValueError: it is none; the message says what is wrong where.

    """
    told = environment.get(VARIABLE, "").strip()
    given = msgspec.json.decode(told, type=dict[str, Any]) if told else {}
    # An empty list or object is what the engine sends for what was not configured.
    given |= {key: value for key, value in configured.items() if key in SCHEMA and value}
    return msgspec.convert(given, Settings)
