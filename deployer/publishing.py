"""What a registry is told of a model package: its schema, its metrics, where it comes from."""

import json
import subprocess
from pathlib import Path

from deployer.packaging.layout import METRICS_FILE, MODEL_FILE, SCHEMA_FILE
from deployer.packaging.load import read_package
from deployer.registry.publishing.request import Facts

__all__ = ["facts_of"]


def facts_of(root: Path, *, residency: tuple[str, ...] | None = None) -> Facts:
    """Return what the manifest of `root` shall say; nothing for a folder that is no package.

    Raises:
        DamagedError: the package's files are not what its entry document promises.

    """
    commit = _commit(root)
    if not (root / MODEL_FILE).is_file():
        return Facts(commit=commit, residency=residency)
    document, files = read_package(root)
    contents = {document.files[role].path: content for role, content in files.items()}
    return Facts(
        schema=json.loads(contents[SCHEMA_FILE]),
        metrics=json.loads(contents[METRICS_FILE]),
        frameworks=dict(document.libraries),
        data=document.training.data.sha256,
        commit=commit,
        residency=residency,
    )


def _commit(root: Path) -> str | None:
    """Return the source commit of the folder that holds `root`, if it is in a repository."""
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command on a folder of the user's
            ["git", "-C", str(root.absolute().parent), "rev-parse", "HEAD"],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
