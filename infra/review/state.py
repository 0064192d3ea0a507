"""What a stack's state says is there, as a program that would ask for the same.

Formats: version 3 of ``pulumi stack export`` (`sdk/go/common/apitype/core.go`: UntypedDeployment,
DeploymentV3, ResourceV3) and the checkpoint files of Pulumi's own backends (CheckpointV3).
"""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from infra.policy.secrets import redact
from infra.resources import COMPUTED, SECRET, Place, Program, Resource
from infra.review.errors import ReviewError

__all__ = ["from_state"]

# `sdk/go/common/resource/properties.go`, `asset.go` of Pulumi.
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a public constant
_ASSET = "c44067f5952c0a294b673a41bacd8c17"
_ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
_RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

_STACK = "pulumi:pulumi:Stack"
_PROVIDERS = "pulumi:providers:"
_URN_PARTS = 4
_VERSIONS = (1, 2, 3, 4)
_REGIONS = ("region", "location")
_DERIVED = {"__defaults", "tagsAll"}  # written by providers, never by programs


def from_state(export: bytes) -> Program:
    """Return the program that a stack's state stands for.

    Inputs that a provider filled in by itself are left out, as are default providers, resources
    that are only read, and those that wait to be deleted. Secrets, encrypted or not, become
    `SECRET`.

    Args:
        export: what ``pulumi stack export`` wrote, or a checkpoint file; JSON.

    Raises:
        ReviewError: it is neither.

    """
    try:
        document = msgspec.json.decode(export)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ReviewError(f"the state is no JSON: {error}", kind="unsupported") from error
    entries = _entries(document)
    live = [each for each in entries if not each.get("delete") and not each.get("external")]
    project, stack = _names(entries, document)
    own = [each for each in live if not _hidden(each)]
    return Program(
        project=project,
        stack=stack,
        region=_region(live),
        resources=tuple(_resource(each) for each in own),
        outputs=_outputs(live),
        notes=_notes(entries, document),
    )


def _entries(document: object) -> list[dict[str, Any]]:
    if not isinstance(document, dict):
        raise ReviewError("the state is no JSON object", kind="unsupported")
    if "deployment" in document:
        inner = document["deployment"]
    elif isinstance(document.get("checkpoint"), dict):
        inner = document["checkpoint"].get("latest")
    else:
        raise ReviewError(
            "the state is neither what `pulumi stack export` writes nor a checkpoint",
            kind="unsupported",
        )
    version = document.get("version", 3)
    if version not in _VERSIONS:
        raise ReviewError(f"the state is of version {version}, not 3", kind="unsupported")
    entries = inner.get("resources") if isinstance(inner, dict) else inner
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise ReviewError("the state has no list of resources", kind="unsupported")
    for each in entries:
        if not isinstance(each, dict) or len(str(each.get("urn", "")).split("::")) < _URN_PARTS:
            raise ReviewError("the state has a resource without a URN", kind="unsupported")
    return entries


def _hidden(entry: Mapping[str, Any]) -> bool:
    """Return whether no program asks for it by itself."""
    type_ = _type(entry)
    return type_ == _STACK or (type_.startswith(_PROVIDERS) and _name(entry).startswith("default"))


def _resource(entry: Mapping[str, Any]) -> Resource:
    provider = str(entry.get("provider") or "").rpartition("::")[0]
    default = "::default" in provider
    parent = str(entry.get("parent") or "")
    references = entry.get("propertyDependencies") or {}
    return Resource(
        urn=entry["urn"],
        type=_type(entry),
        name=_name(entry),
        inputs=redact(_inputs(entry.get("inputs") or {})),
        parent="" if f"::{_STACK}::" in parent else parent,
        depends_on=tuple(sorted(set(entry.get("dependencies") or ()))),
        references={
            key: tuple(sorted(set(urns))) for key, urns in sorted(references.items()) if urns
        },
        component=not entry.get("custom"),
        protect=bool(entry.get("protect")),
        retain=bool(entry.get("retainOnDelete")),
        provider="" if default else provider,
        place=_place(str(entry.get("sourcePosition") or "")),
    )


def _inputs(inputs: Mapping[str, Any]) -> dict[str, Any]:
    filled = set(inputs.get("__defaults") or ()) | _DERIVED
    return {key: _value(value) for key, value in inputs.items() if key not in filled}


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        match value.get(_SIGNATURE):
            case None:
                return _inputs(value)
            case signature if signature == _ASSET:
                return {"$asset": _source(value)}
            case signature if signature == _ARCHIVE:
                return {"$archive": _source(value)}
            case signature if signature == _RESOURCE:
                return value.get("id") or value.get("urn")
            case signature if signature == _SECRET:
                return dict(SECRET)
        return dict(COMPUTED)
    if isinstance(value, list):
        return [_value(each) for each in value]
    if value == _UNKNOWN:
        return dict(COMPUTED)
    return value


def _source(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return where an asset comes from, without its hash, which only an engine knows."""
    return {
        key: {name: _value(each) for name, each in inside.items()}
        if isinstance(inside, dict)
        else inside
        for key, inside in value.items()
        if key in {"path", "text", "uri", "assets"} and inside
    }


def _outputs(entries: list[dict[str, Any]]) -> dict[str, Any]:
    for each in entries:
        if _type(each) == _STACK:
            outputs = each.get("outputs") or {}
            return redact({key: _value(value) for key, value in outputs.items()})
    return {}


def _region(entries: list[dict[str, Any]]) -> str:
    """Return the region of the first provider that names one."""
    for each in entries:
        if _type(each).startswith(_PROVIDERS):
            for name in _REGIONS:
                region = (each.get("inputs") or {}).get(name)
                if isinstance(region, str) and region:
                    return region
    return ""


def _names(entries: list[dict[str, Any]], document: Mapping[str, Any]) -> tuple[str, str]:
    """Return project and stack."""
    for each in entries:
        stack, project = each["urn"].removeprefix("urn:pulumi:").split("::")[:2]
        return project, stack
    checkpoint = document.get("checkpoint")
    parts = str(checkpoint.get("stack") or "").split("/") if isinstance(checkpoint, dict) else [""]
    return (parts[-2] if len(parts) > 1 else ""), parts[-1]


def _notes(entries: list[dict[str, Any]], document: Mapping[str, Any]) -> tuple[str, ...]:
    inner = document.get("deployment") or (document.get("checkpoint") or {}).get("latest") or {}
    notes = []
    for each in entries:
        if each.get("delete"):
            notes.append(f"{_type(each)} '{_name(each)}' waits to be deleted")
        if each.get("external"):
            notes.append(f"{_type(each)} '{_name(each)}' is read, not made")
    waiting = inner.get("pending_operations") or []
    if waiting:
        notes.append(f"{len(waiting)} operations were interrupted: run `refresh`")
    return tuple(notes)


def _type(entry: Mapping[str, Any]) -> str:
    return str(entry.get("type") or entry["urn"].split("::")[2].rpartition("$")[2])


def _name(entry: Mapping[str, Any]) -> str:
    return str(entry["urn"].split("::", 3)[3])


def _place(position: str) -> Place | None:
    """Return a source position of the engine's, such as ``project:///__main__.py#12``."""
    parts = urlsplit(position)
    if parts.scheme not in {"project", "file"} or not parts.fragment:
        return None
    line = parts.fragment.partition(",")[0]
    path = unquote(parts.path)
    if not line.isdigit():
        return None
    if parts.scheme == "project":
        path = str(PurePosixPath(path).relative_to("/")) if path.startswith("/") else path
    return Place(path, int(line))
