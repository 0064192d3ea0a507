"""The golden answers of versions, by the digest that an endpoint reports."""

import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from deployer import typed
from deployer.errors import CloudError, DeployerError, TimedOutError, from_store_error
from deployer.packaging.documents import Golden
from deployer.packaging.layout import MODEL_FILE
from deployer.packaging.load import read_package
from deployer.packaging.parity import TOLERANCE
from deployer.registry.publishing.journal import write_durably
from providers.errors import StoreError

__all__ = ["Answers", "Known", "difference", "golden_of_folder"]

AGAIN = 10.0
"""Seconds until a store that was away is asked again."""


class Known(NamedTuple):
    """What is known of a digest.

    Attributes:
        golden: its golden answers; None if they cannot be had.
        problem: why not; "" if they are there, or if that is not known yet.

    """

    golden: Golden | None
    problem: str = ""


def golden_of_folder(folder: Path) -> tuple[str, Golden]:
    """Return the digest that a server reports of a model directory, and its golden answers.

    Raises:
        DeployerError: it is no whole model directory.

    """
    _, contents = read_package(folder)
    digest = hashlib.sha256((folder / MODEL_FILE).read_bytes()).hexdigest()
    return digest, typed.decode(contents["golden"], Golden)


def difference(
    golden: Golden, labels: Sequence[str], probabilities: Sequence[Sequence[float]]
) -> str:
    """Return how the answers to the golden rows differ from what was promised; "" if they do not.

    Labels must be equal, probabilities within the tolerance that packages are held to.
    """
    if len(labels) != len(golden.rows) or len(probabilities) != len(golden.rows):
        return f"{len(labels)} answers to {len(golden.rows)} golden rows"
    for row, label, found in zip(golden.rows, labels, probabilities, strict=True):
        if label != row.label:
            return f"golden row {row.row}: it says '{label}', promised is '{row.label}'"
        if len(found) != len(row.probabilities):
            return f"golden row {row.row}: {len(found)} probabilities, not {len(row.probabilities)}"
        off = max(abs(a - b) for a, b in zip(found, row.probabilities, strict=True))
        if not off <= TOLERANCE:
            return f"golden row {row.row}: probabilities differ by up to {off:.2g}"
    return ""


class Answers:
    """Golden answers by digest: of folders, of those seen before, and of the registry's.

    Args:
        folders: model directories.
        keep: folder in which what was fetched is kept, so that it is known without any store.
        fetch: returns the model directory of a digest from the registry; None if there is none.

    Raises:
        DeployerError: a folder is no whole model directory.

    """

    def __init__(
        self,
        folders: Sequence[Path],
        *,
        keep: Path,
        fetch: Callable[[str], Golden] | None,
    ) -> None:
        self._keep = keep
        self._fetch = fetch
        self._lock = threading.Lock()
        self._known: dict[str, Known] = {}
        self._later: dict[str, float] = {}
        self._busy: set[str] = set()
        for folder in folders:
            digest, golden = golden_of_folder(folder)
            self._known[digest] = Known(golden)

    def find(self, digest: str) -> Known:
        """Return what is known, and ask the registry if need be; may take long."""
        found = self._at_hand(digest)
        return self._ask(digest) if found is None else found

    def at_once(self, digest: str) -> Known:
        """Return what is known now; the registry is asked by another thread."""
        found = self._at_hand(digest)
        if found is not None:
            return found
        with self._lock:
            wait = digest in self._busy or time.monotonic() < self._later.get(digest, 0)
            if not wait:
                self._busy.add(digest)
        if not wait:
            threading.Thread(target=self._ask, args=(digest,), daemon=True).start()
        return Known(None)

    def add(self, digest: str, golden: Golden) -> None:
        """Remember golden answers, also for later runs."""
        with self._lock:
            self._known[digest] = Known(golden)
        write_durably(self._path(digest), msgspec.json.encode(golden))

    def _at_hand(self, digest: str) -> Known | None:
        with self._lock:
            found = self._known.get(digest)
        if found is not None:
            return found
        try:
            golden = typed.decode(self._path(digest).read_bytes(), Golden)
        except (OSError, msgspec.DecodeError):
            if self._fetch is not None:
                return None
            return Known(None, "no package of this digest is known; name it with --model-dir")
        with self._lock:
            self._known[digest] = Known(golden)
        return Known(golden)

    def _path(self, digest: str) -> Path:
        # It came from a network: a digest only if it looks like one.
        name = digest if digest.isascii() and digest.isalnum() else "unknown"
        return self._keep / f"{name}.json"

    def _ask(self, digest: str) -> Known:
        assert self._fetch is not None  # noqa: S101 - else it is not called
        try:
            golden = self._fetch(digest)
        except (DeployerError, StoreError, OSError) as error:
            return self._failed(digest, error)
        finally:
            with self._lock:
                self._busy.discard(digest)
        self.add(digest, golden)
        return Known(golden)

    def _failed(self, digest: str, error: Exception) -> Known:
        seen = from_store_error(error) if isinstance(error, StoreError) else error
        with self._lock:
            self._later[digest] = time.monotonic() + AGAIN
            if isinstance(seen, DeployerError) and not isinstance(seen, CloudError | TimedOutError):
                # The registry knows of no such version, or nobody may believe it.
                self._known[digest] = Known(None, str(seen))
                return self._known[digest]
        return Known(None)
