"""The numbers of all processes of a server, as its supervisor has them."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from deployer.settings import ServeSettings

if TYPE_CHECKING:
    from deployer.serving.telemetry.metrics import Telemetry

__all__ = ["Counting"]


class Counting:
    """Metrics, imported when somebody asks or something fails: a start need not wait for that.

    Args:
        folder: of the numbers; made here.
        settings: as workers have them.

    """

    def __init__(self, folder: Path, settings: ServeSettings) -> None:
        self.folder = folder
        self._settings = settings
        folder.mkdir()

    @cached_property
    def _telemetry(self) -> "Telemetry":
        from deployer.serving.telemetry.metrics import telemetry  # noqa: PLC0415 - as said above

        return telemetry(self._settings, self.folder)

    def failed(self, model: str) -> None:
        """Count a version that could not be fetched or verified."""
        self._telemetry.failed_load(model)

    def forget(self, pid: int) -> None:
        """Take a process that ended out of what is true now."""
        from deployer.serving.telemetry.metrics import (  # noqa: PLC0415 - as said above
            forget_process,
        )

        forget_process(self.folder, pid)

    def exposition(self) -> bytes:
        """Return the numbers of all processes in Prometheus' text format."""
        from deployer.serving.telemetry.metrics import exposition  # noqa: PLC0415 - as said above

        return exposition(self.folder)
