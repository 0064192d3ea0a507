"""Emulators that come as Python packages: is the package there, and which version."""

import importlib.metadata
import importlib.util
import sys
import sysconfig
from pathlib import Path

from deployer.errors import MissingError

__all__ = ["EXTRA", "package_version", "python", "require", "script"]

EXTRA = "pip install 'deployer[emulators]'"


def package_version(distribution: str) -> str:
    """Return the installed version of `distribution`, or "" if it is not installed."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


def require(distribution: str, *, hint: str) -> None:
    """Raise unless `distribution` is installed, without importing it.

    Raises:
        MissingError: it is not.

    """
    if not package_version(distribution):
        raise MissingError(f"the Python package {distribution} is not installed", hint=hint)


def python(module: str) -> list[str]:
    """Return the start of a command that runs `module` with this interpreter."""
    # -P: a file in the current folder must not pass for a module of the emulator.
    return [sys.executable, "-P", "-m", module]


def script(name: str) -> Path:
    """Return where an installed package puts its executable `name`."""
    return Path(sysconfig.get_path("scripts")) / name
