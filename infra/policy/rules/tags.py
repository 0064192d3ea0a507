"""Who answers for a resource, which model it is of, and where it may be: DEP035."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._clouds import azure_type, providers
from infra.policy.rules._values import listed, mapping, text, unknown, value_at
from infra.resources import Program, Resource

__all__ = ["RULES", "tag_property"]

# Beside what the SDKs' inputs tell: labels that lie deeper.
_DEEPER = {"gcp:sql/databaseInstance:DatabaseInstance": "settings.userLabels"}
# What a provider adds to every resource.
_DEFAULTS = {"aws": "defaultTags.tags", "gcp": "defaultLabels"}


def _tagged(program: Program, demands: Demands) -> Iterator[Problem]:
    if not demands.tags:
        return
    makers = providers(program)
    for each in program:
        path = tag_property(each.type)
        if not path:
            continue
        given = _keys(value_at(each.inputs, path))
        added = _defaults(makers[each.urn]) if each.urn in makers else frozenset[str]()
        if given is None or added is None:
            continue
        missing = [key for key in demands.tags if key.lower() not in given | added]
        if missing:
            yield Problem(each, f"it does not say its {', '.join(missing)}", path)


@cache
def tag_property(token: str) -> str:
    """Return the path of the input that holds a type's tags; "" if it can have none."""
    if token in _DEEPER:
        return _DEEPER[token]
    package, _, rest = azure_type(token).partition(":")
    module, _, name = rest.partition(":")
    for prop, modules in _table().get(package, {}).items():
        if name in modules.get(module.partition("/")[0], "").split():
            return prop
    return ""


@cache
def _table() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    found = json.loads((files(__package__) / "taggable.json").read_text(encoding="utf-8"))
    del found["about"]
    return dict(found)


def _keys(tags: object) -> frozenset[str] | None:
    """Return the keys of tags in lower case; None if they are not known."""
    if unknown(tags):
        return None
    if isinstance(tags, list | tuple):  # of an auto scaling group: [{key: …, value: …}]
        if any(map(unknown, tags)) or any(unknown(mapping(each).get("key")) for each in tags):
            return None
        return frozenset(text(mapping(each).get("key")).lower() for each in listed(tags))
    keys = frozenset(str(key).lower() for key in mapping(tags))
    return None if any("${" in key for key in keys) else keys


def _defaults(provider: Resource) -> frozenset[str] | None:
    path = _DEFAULTS.get(provider.type.rpartition(":")[2], "")
    if not path:
        return frozenset()
    # Pulumi hands a provider's own settings over as JSON texts.
    top, _, rest = path.partition(".")
    value = provider.inputs.get(top)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return _keys(value_at(value, rest) if rest else value)


RULES = (
    Rule(
        "DEP035",
        "Resources say their owner, model and residency",
        Severity.LOW,
        "Add the tags (labels on Google Cloud) that are missing, or default tags to the provider.",
        (),
        _tagged,
    ),
)
