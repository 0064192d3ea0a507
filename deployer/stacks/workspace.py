"""Where a stack lives: a project folder that points at our program, a backend, a passphrase.

The programs lie in the installed package, which need not be writable: what the engine writes beside
a project goes to the state folder, whose ``Pulumi.yaml`` names the program by its path.
"""

import contextlib
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from deployer.errors import UsageError
from deployer.settings import InfraSettings

if TYPE_CHECKING:
    from pulumi.automation import PulumiCommand, Stack

__all__ = ["PASSPHRASES", "Home", "open_stack", "program_folder", "project_of"]

PASSPHRASES = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")
_BACKENDS = ("file", "s3", "gs", "azblob")
_PROGRAMS = Path(__file__).parents[2] / "infra"
_PASSPHRASE_BYTES = 32


@dataclass(frozen=True)
class Home:
    """Where states, projects and the engine's own files are.

    Attributes:
        folder: of this machine, ours alone.
        backend: URL of the states.
        secrets_provider: who encrypts secrets in them.
        plugins: provider's name → folder of a plugin that is used in its place.

    """

    folder: Path
    backend: str
    secrets_provider: str = "passphrase"
    plugins: Mapping[str, Path] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: InfraSettings, folder: Path) -> "Home":
        """Return the home that the settings name, its states in `folder` unless they say where.

        Raises:
            UsageError: the backend is no URL that the engine knows.

        """
        backend = settings.backend or (folder / "states").absolute().as_uri()
        parts = urlsplit(backend)
        if parts.scheme not in _BACKENDS:
            raise UsageError(
                f"{parts.scheme or backend!r} is no place for states",
                where="[infra] backend",
                hint=f"write a URL of {', '.join(f'{each}://' for each in _BACKENDS)}",
            )
        if parts.password:
            # Never repeated: it is somebody's secret.
            raise UsageError(
                "an address must not hold credentials",
                where="[infra] backend",
                hint="credentials come from the cloud's own chain",
            )
        return cls(folder.absolute(), backend, settings.secrets_provider or "passphrase")

    @property
    def shared(self) -> bool:
        """Whether other machines use these states too."""
        return urlsplit(self.backend).scheme != "file"

    def create(self) -> None:
        """Make the folders, ours alone: states tell what there is, and hold encrypted secrets."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        if not self.shared:
            Path(urlsplit(self.backend).path).mkdir(parents=True, exist_ok=True)

    def environment(self) -> dict[str, str]:
        """Return what the engine is told by variables; the passphrase is made on first use.

        Raises:
            UsageError: states are shared, and nobody said which passphrase they have.

        """
        told = {
            "PULUMI_HOME": str(self.folder / "engine"),
            "PULUMI_BACKEND_URL": _whole(self.backend),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            # The program and dynamic providers run with the Python that we run with.
            "PULUMI_PYTHON_CMD": sys.executable,
            "PYTHONDONTWRITEBYTECODE": "",
        }
        if self.secrets_provider == "passphrase" and not any(map(os.environ.get, PASSPHRASES)):
            told |= self._passphrase()
        return told

    def _passphrase(self) -> dict[str, str]:
        if PASSPHRASES[0] in os.environ:
            return {}  # an empty one, on purpose
        if self.shared:
            raise UsageError(
                "states in a bucket need a passphrase that others know too",
                where="[infra] backend",
                hint=f"set {PASSPHRASES[1]}, or name a key in [infra] secrets_provider",
            )
        file = self.folder / "passphrase"
        with contextlib.suppress(FileExistsError):
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as opened:
                opened.write(secrets.token_urlsafe(_PASSPHRASE_BYTES))
        return {PASSPHRASES[1]: str(file)}


def _whole(backend: str) -> str:
    """Return the URL as the engine is given it.

    In a folder, the engine's storage (gocloud.dev/blob/fileblob) writes a second file of attributes
    beside each state, in place: killed in between, it leaves an empty one, and can read that state
    no more. Nothing needs the attributes.
    """
    parts = urlsplit(backend)
    if parts.scheme != "file" or "metadata=" in parts.query:
        return backend
    return parts._replace(query="&".join(filter(None, (parts.query, "metadata=skip")))).geturl()


def program_folder(cloud: str) -> Path:
    """Return the folder of our program for a cloud."""
    return _PROGRAMS / cloud


def project_of(cloud: str) -> str:
    """Return what the project of a cloud is called."""
    return f"deployer-{cloud}"


def open_stack(
    home: Home,
    cloud: str,
    name: str,
    *,
    command: "PulumiCommand",
    create: bool,
    variables: Mapping[str, str] | None = None,
) -> "Stack | None":
    """Return a stack; None if there is none and none is to be made.

    Args:
        home: where it lives.
        cloud: whose program.
        name: of the stack.
        command: the engine.
        create: whether to make it if it is not there.
        variables: of the environment that the engine is told besides.

    Raises:
        UsageError: as `Home.environment`.
        pulumi.automation.CommandError: the backend cannot be used.

    """
    from pulumi.automation import LocalWorkspace, Stack  # noqa: PLC0415 - slow to import
    from pulumi.automation.errors import StackNotFoundError  # noqa: PLC0415 - as above

    home.create()
    folder = home.folder / "projects" / cloud
    folder.mkdir(parents=True, exist_ok=True)
    _write_project(folder / "Pulumi.yaml", cloud, home.plugins)
    workspace = LocalWorkspace(
        work_dir=str(folder),
        pulumi_home=str(home.folder / "engine"),
        env_vars={**home.environment(), **(variables or {})},
        secrets_provider=home.secrets_provider,
        pulumi_command=command,
    )
    try:
        return Stack.select(name, workspace)
    except StackNotFoundError:
        return Stack.create_or_select(name, workspace) if create else None


def _write_project(path: Path, cloud: str, plugins: Mapping[str, Path]) -> None:
    document: dict[str, Any] = {
        "name": project_of(cloud),
        "runtime": {"name": "python", "options": {"toolchain": "pip"}},
        "main": str(program_folder(cloud)),
    }
    if plugins:
        document["plugins"] = {
            "providers": [
                {"name": name, "path": str(place.absolute())} for name, place in plugins.items()
            ]
        }
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(msgspec.json.format(msgspec.json.encode(document)))  # JSON is YAML
    temporary.replace(path)
