"""Cloud Storage by gcp-storage-emulator, which ignores every precondition.

Not a choice of ``deployer emulators up``: it is the subject on which tests prove that a store
without preconditions is refused.
"""

from collections.abc import Sequence
from pathlib import Path

from deployer.emulators.gcs import GCS
from deployer.emulators.model import Cloud, EngineName, Launch, Progress
from deployer.emulators.packages import package_version, python, require
from deployer.emulators.ports import HOST

__all__ = ["GcpStorageEmulator"]


class GcpStorageEmulator(GCS):
    """gcp-storage-emulator, in memory."""

    name: EngineName = "gcp-storage-emulator"
    cloud: Cloud = "gcp"
    ports = 1
    keeps_data = False
    patience = 30.0

    def version(self) -> str:
        """Return the installed version."""
        return package_version("gcp-storage-emulator")

    def prepare(self, progress: Progress) -> None:
        """Check that the package is there."""
        require("gcp-storage-emulator", hint="pip install gcp-storage-emulator")

    def launch(self, ports: Sequence[int], data: Path, *, keep: bool) -> Launch:
        """Return how to run it."""
        place = ["--host", HOST, "--port", str(ports[0]), "--in-memory"]
        return Launch([*python("gcp_storage_emulator"), "start", *place])
