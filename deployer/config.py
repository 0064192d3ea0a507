"""Settings: flag > ``DEPLOYER_*`` > ``./deployer.toml`` > the user's config.toml > defaults.

Typed and strict: an unknown key is an error that suggests the nearest one. No setting holds a
secret; credentials come from each cloud's own chain.
"""

import copy
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec

from deployer.errors import UsageError
from deployer.settings import (
    ChampionRule,
    CloudSettings,
    EndpointSettings,
    GateSettings,
    InfraDemands,
    InfraSettings,
    InfraSuppression,
    ModelSettings,
    Push,
    RouterEndpoint,
    RouterSettings,
    ServeSettings,
    Settings,
    Signing,
    Transfer,
)

__all__ = [
    "PASSWORD",
    "SERVE_KEYS",
    "ChampionRule",
    "CloudSettings",
    "GateSettings",
    "Loaded",
    "ModelSettings",
    "RouterEndpoint",
    "RouterSettings",
    "ServeSettings",
    "Settings",
    "Signing",
    "cache_dir",
    "config_dir",
    "load",
    "state_dir",
]

PROJECT_FILE = "deployer.toml"
PREFIX = "DEPLOYER_"
REGION = f"{PREFIX}REGION"
PASSWORD = f"{PREFIX}SIGNING_PASSWORD"  # of the private key: a secret, so no setting
SERVE_KEYS = (
    f"{PREFIX}SERVE_KEYS"  # hashes of API keys, NAME:SHA256,…: changes without a deployment
)

LISTS = {
    ("push", "clouds"),
    ("signing", "public_keys"),
    ("signing", "chain"),
    ("gate", "require_gate_for"),
    ("infra", "clouds"),
    ("infra", "residency"),
}
GATE_OF_MODEL = ("models", "gate")
GATE_TABLES = ("min", "max", "min_class_recall", "champion")
INFRA_TABLES = ("aws", "gcp", "azure", "local", "demands")


@dataclass(frozen=True)
class Loaded:
    """Settings, and where each one comes from (dotted name → origin)."""

    settings: Settings
    origins: Mapping[str, str]


def _xdg(variable: str, default: str) -> Path:
    configured = os.environ.get(variable, "")
    # The XDG specification has relative paths ignored.
    base = Path(configured) if configured.startswith("/") else Path.home() / default
    return base / "deployer"


def config_dir() -> Path:
    """Return the folder of the user's configuration."""
    return _xdg("XDG_CONFIG_HOME", ".config")


def cache_dir() -> Path:
    """Return the folder of what can be fetched again."""
    return _xdg("XDG_CACHE_HOME", ".cache")


def state_dir() -> Path:
    """Return the folder of journals and the emulators' state."""
    return _xdg("XDG_STATE_HOME", ".local/state")


def load(environment: Mapping[str, str] | None = None, *, folder: Path | None = None) -> Loaded:
    """Read the settings.

    Args:
        environment: default is the process's own.
        folder: where ``deployer.toml`` may be; default is the current one.

    Raises:
        UsageError: a file cannot be read, or a setting is unknown or of the wrong type.

    """
    environment = os.environ if environment is None else environment
    files = (config_dir() / "config.toml", (folder or Path.cwd()) / PROJECT_FILE)
    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for path in files:
        document = _read(path)
        _check_names(document, str(path))
        _merge(merged, document, origins, str(path))
    variables = _from_environment(environment)
    _check_names(variables, "environment")
    _merge(merged, variables, origins, "environment")
    _inherit(merged, origins)
    return Loaded(_decode(merged, ", ".join(sorted(set(origins.values())))), origins)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(
            f"cannot be read: {error}", where=str(path), hint="correct the file, or move it away"
        ) from error


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return ``DEPLOYER_CLOUDS_AWS_URL=…`` as ``{"clouds": {"aws": {"url": …}}}``."""
    document: dict[str, Any] = {}
    if environment.get(REGION):
        document["region"] = environment[REGION]
    for variable, value in environment.items():
        section, _, rest = variable.removeprefix(PREFIX).lower().partition("_")
        if not variable.startswith(PREFIX) or not rest or variable in (PASSWORD, SERVE_KEYS):
            continue
        if section == "clouds":
            name, _, field = rest.rpartition("_")
            document.setdefault(section, {}).setdefault(name or field, {})[field] = value
        elif section in ("push", "transfer", "signing", "gate", "serve", "router", "infra"):
            names = [name.strip() for name in value.split(",") if name.strip()]
            document.setdefault(section, {})[rest] = names if (section, rest) in LISTS else value
    return document


def _merge(
    into: dict[str, Any], new: Mapping[str, Any], origins: dict[str, str], origin: str, at: str = ""
) -> None:
    for key, value in new.items():
        if isinstance(value, dict):
            if not isinstance(into.get(key), dict):
                into[key] = {}
            _merge(into[key], value, origins, origin, f"{at}{key}.")
        else:
            into[key] = value
            origins[f"{at}{key}"] = origin


def _inherit(merged: Mapping[str, Any], origins: dict[str, str]) -> None:
    """Lay each model's rules of the gate over those for all models."""
    for name, table in merged.get("models", {}).items():
        if "gate" in table:
            own, whole = table["gate"], copy.deepcopy(merged.get("gate", {}))
            at = f"models.{name}.gate."
            for key, origin in list(origins.items()):
                if key.startswith("gate."):
                    origins.setdefault(at + key.removeprefix("gate."), origin)
            _merge(whole, own, {}, "")
            table["gate"] = whole


def _decode(document: Mapping[str, Any], where: str) -> Settings:
    try:
        return msgspec.convert(document, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"bad setting: {error}", where=where, hint="see: deployer config show"
        ) from error


def _check_names(document: Mapping[str, Any], where: str) -> None:
    """Raise UsageError for a name that no setting has, and suggest the nearest."""
    _check(document, Settings.__struct_fields__, where, "")
    for section, kind in (
        ("push", Push),
        ("transfer", Transfer),
        ("signing", Signing),
        ("serve", ServeSettings),
    ):
        fields = _table(document.get(section, {}), where, section)
        _check(fields, kind.__struct_fields__, where, f"{section}.", leaves=True)
    named: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("clouds", CloudSettings.__struct_fields__),
        ("models", ModelSettings.__struct_fields__),
    )
    for section, known in named:
        for name, table in _table(document.get(section, {}), where, section).items():
            at = f"{section}.{name}"
            fields = _table(table, where, at)
            own = {key: value for key, value in fields.items() if (section, key) != GATE_OF_MODEL}
            _check(own, known, where, f"{at}.", leaves=True)
            if section == "models":
                _check_gate(fields.get("gate", {}), where, f"{at}.gate")
    _check_gate(document.get("gate", {}), where, "gate")
    _check_router(document.get("router", {}), where)
    _check_infra(document.get("infra", {}), where)
    if isinstance(document.get("region"), Mapping):
        raise UsageError(
            "setting 'region' must not be a table",
            where=where,
            hint='write region = "eu-central-1" at the top of the file',
        )


def _check_router(value: object, where: str) -> None:
    fields = _table(value, where, "router")
    own = {key: each for key, each in fields.items() if key != "endpoints"}
    _check(own, RouterSettings.__struct_fields__, where, "router.", leaves=True)
    for name, table in _table(fields.get("endpoints", {}), where, "router.endpoints").items():
        at = f"router.endpoints.{name}"
        known = RouterEndpoint.__struct_fields__
        _check(_table(table, where, at), known, where, f"{at}.", leaves=True)


def _check_infra(value: object, where: str) -> None:
    fields = _table(value, where, "infra")
    own = {key: each for key, each in fields.items() if key not in (*INFRA_TABLES, "suppress")}
    _check(own, InfraSettings.__struct_fields__, where, "infra.", leaves=True)
    for key in INFRA_TABLES:
        kind = InfraDemands if key == "demands" else EndpointSettings
        table = _table(fields.get(key, {}), where, f"infra.{key}")
        _check(table, kind.__struct_fields__, where, f"infra.{key}.", leaves=True)
    listed = fields.get("suppress", [])
    if not isinstance(listed, list):
        raise UsageError(
            "setting 'infra.suppress' must be a list of tables",
            where=where,
            hint="write [[infra.suppress]]",
        )
    for each in listed:
        table = _table(each, where, "infra.suppress")
        _check(table, InfraSuppression.__struct_fields__, where, "infra.suppress.", leaves=True)


def _check_gate(value: object, where: str, at: str) -> None:
    fields = _table(value, where, at)
    leaves = {key: each for key, each in fields.items() if key not in GATE_TABLES}
    _check(leaves, GateSettings.__struct_fields__, where, f"{at}.", leaves=True)
    for key in GATE_TABLES:
        if key not in fields or (key == "champion" and isinstance(fields[key], bool)):
            continue
        table = _table(fields[key], where, f"{at}.{key}")
        # Names of metrics are the gate's to check, and those of classes nobody's.
        known = ChampionRule.__struct_fields__ if key == "champion" else tuple(table)
        _check(table, known, where, f"{at}.{key}.", leaves=True)


def _table(value: object, where: str, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise UsageError(f"setting '{name}' must be a table", where=where, hint=f"write [{name}]")
    return value


def _check(
    document: Mapping[str, Any],
    known: tuple[str, ...],
    where: str,
    at: str,
    *,
    leaves: bool = False,
) -> None:
    for key, value in document.items():
        if key not in known:
            near = get_close_matches(key, known, n=1)
            hint = f"did you mean '{at}{near[0]}'?" if near else f"known are {', '.join(known)}"
            raise UsageError(f"unknown setting '{at}{key}'", where=where, hint=hint)
        if leaves and isinstance(value, Mapping):
            raise UsageError(
                f"setting '{at}{key}' must not be a table",
                where=where,
                hint=f"write {key} = … below [{at.rstrip('.')}]",
            )
