"""Keeps the configuration that a drill tests beside its evidence, and notes its digests."""

import hashlib
from pathlib import Path

from deployer.drills.evidence.recorder import Recorder
from deployer.drills.evidence.records import CONFIGURATION

__all__ = ["keep_configuration"]

_RENDERED = frozenset({".json", ".cfg"})


def keep_configuration(work: Path, proxy: str, recorder: Recorder) -> None:
    """Copy deployer.toml and what the router has made of it for its proxy; note their digests.

    Neither holds a secret: keys are in the environment, or in files of their own.

    Args:
        work: where commands run; the router's folder is in it, if there is one.
        proxy: envoy or haproxy.
        recorder: of the drill.

    Raises:
        OSError: a file cannot be read or copied.

    """
    rendered = (work / "router" / proxy).glob("*")
    digests = {}
    for path in (work / "deployer.toml", *sorted(each for each in rendered if _is_told(each))):
        name = path.relative_to(work).as_posix()
        body = path.read_bytes()
        copy = recorder.folder / CONFIGURATION / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(body)
        digests[name] = hashlib.sha256(body).hexdigest()
    recorder.note("configured", ", ".join(digests), files=digests)


def _is_told(path: Path) -> bool:
    """Whether a proxy reads it; beside such files are sockets, and files that are about to be."""
    return path.suffix in _RENDERED and not path.name.startswith(".")
