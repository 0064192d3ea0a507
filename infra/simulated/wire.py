"""Values as the engine sends them: plain JSON, in which some mappings and one string mean more.

The signatures are those of sdk/go/common/resource/sig/sig.go and of
sdk/go/common/resource/plugin/rpc.go in github.com/pulumi/pulumi.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

__all__ = [
    "UNKNOWN",
    "conceal",
    "is_secret",
    "is_unknown",
    "plain",
    "restore",
    "reveal",
    "same",
    "secret",
]

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a signature, no secret
_CONCEALED = "$secret"


def is_unknown(value: object) -> bool:
    """Return whether a value is only known after the act."""
    return value == UNKNOWN


def is_secret(value: object) -> bool:
    """Return whether a value is wrapped as a secret."""
    return isinstance(value, Mapping) and value.get(_SIGNATURE) == _SECRET


def secret(value: Any) -> dict[str, Any]:
    """Return the value, wrapped as a secret."""
    return {_SIGNATURE: _SECRET, "value": value}


def reveal(value: Any) -> Any:
    """Return the value without the wrapping of secrets in it."""
    if is_secret(value):
        return reveal(value["value"])
    if isinstance(value, Mapping):
        return {key: reveal(each) for key, each in value.items()}
    if isinstance(value, list):
        return [reveal(each) for each in value]
    return value


def plain(value: Any) -> str:
    """Return what a value looks like in a name: whole numbers without a point."""
    value = reveal(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value)


def same(left: Any, right: Any) -> bool:
    """Return whether two values are the same, wrapped as secrets or not."""
    return bool(reveal(left) == reveal(right))


def conceal(value: Any, salt: str) -> Any:
    """Return the value with a keyed hash in place of each secret: our cloud's file holds none."""
    if is_secret(value):
        return {_CONCEALED: _hashed(value["value"], salt)}
    if isinstance(value, Mapping):
        return {key: conceal(each, salt) for key, each in value.items()}
    if isinstance(value, list):
        return [conceal(each, salt) for each in value]
    return value


def restore(stored: Any, given: Any, salt: str) -> Any:
    """Return what was concealed, each secret taken from `given` if it has that hash.

    One that has not was changed by somebody; of it only the hash can be told.
    """
    if isinstance(stored, Mapping) and _CONCEALED in stored:
        known = reveal(given)
        told = stored[_CONCEALED]
        return secret(known if known is not None and _hashed(known, salt) == told else told)
    if isinstance(stored, Mapping):
        inner = given if isinstance(given, Mapping) else {}
        return {key: restore(each, inner.get(key), salt) for key, each in stored.items()}
    if isinstance(stored, list):
        others = (
            given if isinstance(given, list) and len(given) == len(stored) else [None] * len(stored)
        )
        return [restore(each, other, salt) for each, other in zip(stored, others, strict=True)]
    return stored


def _hashed(value: Any, salt: str) -> str:
    text = json.dumps(reveal(value), sort_keys=True)
    return hmac.new(salt.encode(), text.encode(), hashlib.sha256).hexdigest()
