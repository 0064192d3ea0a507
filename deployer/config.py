"""Settings: flag > ``DEPLOYER_*`` > ``./deployer.toml`` > the user's config.toml > defaults.

Typed and strict: an unknown key is an error that suggests the nearest one. No setting holds a
secret; credentials come from each cloud's own chain.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import msgspec

from deployer.errors import UsageError

__all__ = [
    "PASSWORD",
    "CloudSettings",
    "Loaded",
    "ModelSettings",
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


class CloudSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One cloud.

    Attributes:
        url: the address of its store.
        endpoint: another server than the cloud's own.
        region: where the store is, such as ``eu-central-1``; bound models need to know.

    """

    url: str
    endpoint: str | None = None
    region: str | None = None


class Push(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Defaults of ``push``: target clouds, the home of a new registry, how many must succeed."""

    clouds: list[str] = []
    home: str | None = None
    require: str = "all"


class Transfer(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Limits.

    Attributes:
        workers: transfers at once per cloud.
        part_size: bytes of a part.
        timeout: seconds a connection may stall.
        attempts: tries of one request.
        cache: bytes of fetched contents to keep for later pulls; 0 keeps none.

    """

    workers: int = 4
    part_size: int = 8 * 1024 * 1024
    timeout: float = 60.0
    attempts: int = 5
    cache: int = 10 * 1024**3

    def __post_init__(self) -> None:
        for name, low, high in (
            ("workers", 1, 256),
            ("part_size", 1024, 1024**3),
            ("timeout", 0.1, 3600),
            ("attempts", 1, 100),
            ("cache", 0, 2**60),
        ):
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name} must be from {low} to {high}")


class Signing(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How versions are signed, and whose signatures are believed.

    Attributes:
        mode: a key pair, a certificate, or sigstore's keyless way; None signs nothing.
        private_key: PEM file; with it, what is published is signed (key, certificate).
        public_keys: PEM files; a signature by one of them is believed (key).
        certificate: PEM file, of the private key (certificate).
        chain: PEM files, from the certificate's issuer up to a root that is believed (certificate).
        identity: who must have signed (keyless; in certificates an additional condition).
        issuer: who vouches for the identity (keyless).
        trust_config: JSON file that names another sigstore than the public one (keyless).
        staging: use sigstore's staging instance (keyless).
        require_signature: refuse a version without a signature that is believed.
        require_signed_aliases: refuse an alias without one.

    """

    mode: Literal["key", "keyless", "certificate"] | None = None
    private_key: str | None = None
    public_keys: list[str] = []
    certificate: str | None = None
    chain: list[str] = []
    identity: str | None = None
    issuer: str | None = None
    trust_config: str | None = None
    staging: bool = False
    require_signature: bool = False
    require_signed_aliases: bool = False

    def __post_init__(self) -> None:
        given = [name for name in self.__struct_fields__ if getattr(self, name)]
        if self.mode is None and given:
            # Else a forgotten mode would publish without the signature that was wanted.
            raise ValueError(f"{given[0]} needs a mode: key, certificate or keyless")


class ModelSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One model: the regions or jurisdictions that it may be kept in; empty: anywhere."""

    residency: list[str] = []


class Settings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """All settings; `region` is where this machine is."""

    region: str | None = None
    clouds: dict[str, CloudSettings] = {}
    models: dict[str, ModelSettings] = {}
    push: Push = Push()
    transfer: Transfer = Transfer()
    signing: Signing = Signing()


LISTS = {("push", "clouds"), ("signing", "public_keys"), ("signing", "chain")}


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
        if not variable.startswith(PREFIX) or not rest or variable == PASSWORD:
            continue
        if section == "clouds":
            name, _, field = rest.rpartition("_")
            document.setdefault(section, {}).setdefault(name or field, {})[field] = value
        elif section in ("push", "transfer", "signing"):
            names = [name.strip() for name in value.split(",") if name.strip()]
            document.setdefault(section, {})[rest] = names if (section, rest) in LISTS else value
    return document


def _merge(
    into: dict[str, Any], new: Mapping[str, Any], origins: dict[str, str], origin: str, at: str = ""
) -> None:
    for key, value in new.items():
        if isinstance(value, dict):
            _merge(into.setdefault(key, {}), value, origins, origin, f"{at}{key}.")
        else:
            into[key] = value
            origins[f"{at}{key}"] = origin


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
    for section, kind in (("push", Push), ("transfer", Transfer), ("signing", Signing)):
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
            _check(fields, known, where, f"{at}.", leaves=True)
    if isinstance(document.get("region"), Mapping):
        raise UsageError(
            "setting 'region' must not be a table",
            where=where,
            hint='write region = "eu-central-1" at the top of the file',
        )


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
