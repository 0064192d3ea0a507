"""S3 by moto: quick and faithful on conditional writes, in memory only."""

from collections.abc import Sequence
from pathlib import Path

from deployer.emulators.model import Cloud, EngineName, Launch, Progress
from deployer.emulators.packages import EXTRA, package_version, python, require
from deployer.emulators.ports import HOST
from deployer.emulators.s3 import S3

__all__ = ["Moto"]


class Moto(S3):
    """moto's server, which holds everything in memory."""

    name: EngineName = "moto"
    cloud: Cloud = "aws"
    ports = 1
    keeps_data = False
    patience = 60.0

    def version(self) -> str:
        """Return the installed version."""
        return package_version("moto")

    def prepare(self, progress: Progress) -> None:
        """Check that moto is there, with what its server needs."""
        require("moto", hint=EXTRA)
        require("flask", hint=EXTRA)

    def launch(self, ports: Sequence[int], data: Path, *, keep: bool) -> Launch:
        """Return how to run it."""
        command = [*python("moto.server"), "-H", HOST, "-p", str(ports[0])]
        return Launch(command, {"MOTO_S3_CUSTOM_ENDPOINTS": self.endpoint(ports[0])})
