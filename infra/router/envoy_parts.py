"""Small pieces of Envoy's configuration."""

from typing import Any

__all__ = ["CLUSTER", "Json", "added_header", "duration", "typed"]

Json = dict[str, Any]

CLUSTER = "model"


def duration(seconds: float) -> str:
    """Return a protobuf duration, such as ``0.25s``."""
    return f"{seconds:.9f}".rstrip("0").rstrip(".") + "s"


def typed(name: str, kind: str, **fields: object) -> Json:
    """Return an extension of Envoy: its name and its configuration of type `kind`."""
    return {"name": name, "typed_config": message(kind, **fields)}


def message(kind: str, **fields: object) -> Json:
    """Return a message that says its own type."""
    return {"@type": f"type.googleapis.com/envoy.extensions.{kind}", **fields}


def added_header(name: str, value: str, action: str) -> Json:
    """Return a header to add; `action` says what to do if the request has it."""
    return {"header": {"key": name, "value": value}, "append_action": action}
