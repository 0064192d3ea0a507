"""What goes over Pulumi's wire, as plain values.

The signatures are those of Pulumi's `sdk/go/common/resource/properties.go`, `asset.go`.
"""

from collections.abc import Mapping
from typing import Any

from infra.review.child.marks import SECRET, UNKNOWN, Marks

__all__ = [
    "SECRET_SIGNATURE",
    "SIGNATURE",
    "UNKNOWN_TEXT",
    "plain",
    "raw",
    "secret",
    "without",
]

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a public constant
_ASSET = "c44067f5952c0a294b673a41bacd8c17"
_ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
_RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def raw(value: Any) -> Any:
    """Return a protobuf `Value` or `Struct` as plain Python, signatures and all."""
    if hasattr(value, "fields"):
        return {key: raw(each) for key, each in value.fields.items()}
    match value.WhichOneof("kind"):
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "struct_value":
            return raw(value.struct_value)
        case "list_value":
            return [raw(each) for each in value.list_value.values]
    return None


def secret(value: object) -> dict[str, Any]:
    """Return a value that Pulumi takes for a secret."""
    return {SIGNATURE: SECRET_SIGNATURE, "value": value}


def without(value: Any) -> Any:
    """Return a value with the secrets in it taken out of their wrapping."""
    if isinstance(value, Mapping):
        if value.get(SIGNATURE) == SECRET_SIGNATURE:
            return without(value.get("value"))
        return {key: without(each) for key, each in value.items()}
    return [without(each) for each in value] if isinstance(value, list) else value


def plain(value: Any, marks: Marks) -> Any:
    """Return an input as it is recorded: secrets and unknown values stand as such."""
    if isinstance(value, str):
        return dict(UNKNOWN) if value == UNKNOWN_TEXT else marks.show(value)
    if isinstance(value, list):
        return [plain(each, marks) for each in value]
    if not isinstance(value, dict):
        return value
    match value.get(SIGNATURE):
        case None:
            return _mapping(value, marks)
        case signature if signature == SECRET_SIGNATURE:
            return dict(SECRET)
        case signature if signature == _ASSET:
            return {"$asset": _inside(value, marks)}
        case signature if signature == _ARCHIVE:
            return {"$archive": _inside(value, marks)}
        case signature if signature == _RESOURCE:
            return plain(value.get("id") or value.get("urn"), marks)
        case signature if signature == _OUTPUT:
            if value.get("secret"):
                return dict(SECRET)
            return plain(value["value"], marks) if "value" in value else dict(UNKNOWN)
    return dict(UNKNOWN)


def _mapping(value: dict[str, Any], marks: Marks) -> dict[str, Any]:
    made = {}
    for key, each in value.items():
        shown = marks.show(key)
        made[shown if isinstance(shown, str) else "[secret]"] = plain(each, marks)
    return made


def _inside(value: dict[str, Any], marks: Marks) -> dict[str, Any]:
    made = _mapping({key: each for key, each in value.items() if key != SIGNATURE}, marks)
    if marks.root and isinstance(made.get("path"), str):
        made["path"] = made["path"].removeprefix(f"{marks.root}/")
    return made
