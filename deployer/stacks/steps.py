"""What the engine does, step by step, with the properties that change."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from infra.policy.secrets import redact
from infra.resources import secret

if TYPE_CHECKING:
    from pulumi.automation.events import StepEventMetadata, StepEventStateMetadata

__all__ = ["CHANGING", "HIDDEN", "PropertyChange", "Step", "drift_of", "step_of"]

CHANGING = {
    "create": "create",
    "update": "update",
    "delete": "delete",
    "replace": "replace",
    "import": "create",
}
"""The engine's operation → what we call it; the others change nothing."""

HIDDEN = "[secret]"
UNKNOWN = "(known after the act)"
_UNKNOWN_ID = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"  # sdk/go/common/resource/plugin/rpc.go
_SECRET_KEY = "4dabf18193072939515e22adb298388d"  # noqa: S105 - sdk/go/common/resource/sig
_ENGINES_OWN = ("pulumi:pulumi:", "pulumi:providers:")
_LONGEST = 200


class PropertyChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """One property that changes.

    Attributes:
        path: such as ``tags.owner``.
        before: as it was, as JSON; None if it was not there.
        after: as it will be; None if it will not be there.
        replaces: whether the resource must be made anew for it.

    """

    path: str
    before: str | None = None
    after: str | None = None
    replaces: bool = False


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that the engine does or would do.

    Attributes:
        op: ``create``, ``update``, ``replace``, ``delete``.
        urn: of the resource.
        type: its type token.
        name: its name in the program.
        changes: its properties that change.
        protected: whether the engine refuses to delete it.

    """

    op: str
    urn: str
    type: str
    name: str
    changes: tuple[PropertyChange, ...] = ()
    protected: bool = False


def step_of(metadata: "StepEventMetadata") -> Step | None:
    """Return the step of an engine's event; None if it changes nothing."""
    op = CHANGING.get(str(metadata.op.value))
    if op is None or metadata.type.startswith(_ENGINES_OWN):
        return None
    state = metadata.new or metadata.old
    return Step(
        op=op,
        urn=metadata.urn,
        type=metadata.type,
        name=metadata.urn.rpartition("::")[2],
        changes=_changes(metadata) if op in ("update", "replace") else (),
        protected=bool(state and state.protect),
    )


def _changes(metadata: "StepEventMetadata") -> tuple[PropertyChange, ...]:
    old, new = metadata.old, metadata.new
    if old is None or new is None:
        return ()
    detailed = metadata.detailed_diff or {}
    if detailed:
        found = [
            PropertyChange(
                path=path,
                before=_shown(path, _before(old, new, path, input_diff=diff.input_diff)),
                after=_shown(path, _at(new.inputs, path)),
                replaces=diff.diff_kind.value.endswith("-replace"),
            )
            for path, diff in sorted(detailed.items())
        ]
    else:
        found = _compared(old, new, frozenset(metadata.keys or ()))
    return tuple(each for each in found if each.before != each.after)


def _before(
    old: "StepEventStateMetadata", new: "StepEventStateMetadata", path: str, *, input_diff: bool
) -> object:
    """Return a property as it was: told by the provider it may be an output that drifted."""
    by_input = _at(old.inputs, path)
    if input_diff or by_input != _at(new.inputs, path):
        return by_input
    return _at(old.outputs, path)


def _compared(
    old: "StepEventStateMetadata", new: "StepEventStateMetadata", replacing: frozenset[str]
) -> list[PropertyChange]:
    """Compare for providers that do not say what is different."""
    inputs, outputs = _own(old.inputs), _own(old.outputs)
    wanted = _own(new.inputs)
    found = []
    for key in sorted({*inputs, *wanted}):
        # What was read back goes before what was asked for: it may have drifted.
        before = outputs.get(key, inputs.get(key)) if key in wanted else inputs.get(key)
        if before != wanted.get(key):
            found.append(
                PropertyChange(
                    path=key,
                    before=_shown(key, before),
                    after=_shown(key, wanted.get(key)),
                    replaces=key in replacing,
                )
            )
    return found


def drift_of(metadata: "StepEventMetadata") -> Step | None:
    """Return what a refresh found to be different; None if nothing is."""
    old, new = metadata.old, metadata.new
    if old is None or not old.custom or old.type.startswith(_ENGINES_OWN):
        return None
    name = metadata.urn.rpartition("::")[2]
    if new is None or metadata.op.value == "delete":
        return Step("delete", metadata.urn, metadata.type, name, protected=bool(old.protect))
    before, after = _own(old.outputs), _own(new.outputs)
    changes = tuple(
        PropertyChange(path=key, before=_shown(key, before.get(key)), after=_shown(key, value))
        for key in sorted({*before, *after})
        if before.get(key) != (value := after.get(key))
    )
    if not changes:
        return None
    return Step("update", metadata.urn, metadata.type, name, changes, bool(new.protect))


def _own(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return properties without the SDK's own and without what was never given."""
    listed = (values or {}).items()
    return {k: v for k, v in listed if not k.startswith("__") and v is not None}


def _at(values: Mapping[str, Any] | None, path: str) -> object:
    """Return the value at a path such as ``rules[0].ports`` or ``tags["a.b"]``."""
    value: object = values or {}
    for quoted, index, key in re.findall(r'\["([^"]*)"\]|\[(\d+)\]|([^.\[\]]+)', path):
        if isinstance(value, Mapping):
            value = value.get(quoted or key or index)
        elif isinstance(value, list) and index and int(index) < len(value):
            value = value[int(index)]
        else:
            return None
    return value


def _shown(path: str, value: object) -> str | None:
    """Return a value as JSON, not too long and without secrets."""
    if value is None:
        return None
    name = path.rpartition(".")[2].partition("[")[0]
    text = msgspec.json.encode(_readable(redact({name: _readable(value)})[name])).decode()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _readable(value: object) -> object:
    """Return a value with the engine's and our own marks as words, at any depth."""
    if isinstance(value, Mapping):
        if _SECRET_KEY in value or secret(value):
            return HIDDEN
        return {str(key): _readable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_readable(each) for each in value]
    return UNKNOWN if value == _UNKNOWN_ID else value
