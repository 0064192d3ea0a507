"""Where the emulators keep things: nothing outside the user's XDG folders."""

import os
from pathlib import Path

__all__ = ["cache_folder", "state_folder", "tools_folder"]


def _base(variable: str, default: str) -> Path:
    # The XDG specification: a relative path is invalid and to be ignored.
    value = os.environ.get(variable, "")
    return Path(value) if Path(value).is_absolute() else Path.home() / default


def state_folder() -> Path:
    """Return the folder of the state file, the logs and, unless told otherwise, the data."""
    return _base("XDG_STATE_HOME", ".local/state") / "deployer" / "emulators"


def cache_folder() -> Path:
    """Return the folder of everything that can be fetched again."""
    return _base("XDG_CACHE_HOME", ".cache") / "deployer"


def tools_folder() -> Path:
    """Return the folder of the tools that are installed on first use."""
    return cache_folder() / "tools"
