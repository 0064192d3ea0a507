"""What an emulator engine is, and the record of one that runs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from deployer.emulators.process import Kept

__all__ = [
    "BUCKET",
    "Cloud",
    "Engine",
    "EngineName",
    "Launch",
    "Progress",
    "Record",
]

Cloud = Literal["aws", "gcp", "azure"]
EngineName = Literal[
    "moto", "localstack", "seaweedfs", "fake-gcs", "gcp-storage-emulator", "azurite"
]
Progress = Callable[[str], None]

BUCKET = "deployer-models"
"""The bucket (on Azure the container) that every emulator starts with."""


@dataclass(frozen=True)
class Launch:
    """How to run an emulator: an argument list, and what to add to a bare environment."""

    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


class Engine(Protocol):
    """One kind of emulator."""

    name: EngineName
    cloud: Cloud
    ports: int
    """How many ports in a row it listens on; the first one is the endpoint's."""
    keeps_data: bool
    """Whether its objects can outlive it on disk."""
    patience: float
    """Seconds that a slow machine may need to start it."""

    def version(self) -> str:
        """Return the version that would run, as far as known without running it."""

    def prepare(self, progress: Progress) -> None:
        """Install what is not there yet.

        Raises:
            MissingError: a tool or package that only the user can install is missing.

        """

    def launch(self, ports: Sequence[int], data: Path, *, keep: bool) -> Launch:
        """Return how to run it on `ports`, with its files in `data`."""

    def litter(self, ports: Sequence[int]) -> list[str]:
        """Return the files that it leaves behind outside of its folder."""

    def endpoint(self, port: int) -> str:
        """Return the URL that clients are given."""

    def healthy(self, endpoint: str) -> bool:
        """Whether it answers a real request of its cloud's protocol."""

    def create_bucket(self, endpoint: str, name: str) -> None:
        """Create the bucket `name`, which may exist already.

        Raises:
            FailedError: the emulator refused.

        """

    def environment(self, endpoint: str) -> dict[str, str]:
        """Return the variables that point the cloud's SDK at it."""


class Record(msgspec.Struct, frozen=True):
    """One emulator as the state file remembers it."""

    engine: EngineName
    cloud: Cloud
    version: str
    endpoint: str
    port: int
    process: Kept
    folder: str
    """Where its log and exit code are."""
    data: str
    keep: bool
    """Whether its data stays when it is stopped."""
    litter: tuple[str, ...]
    """Files outside of its folder and data that are to be removed after it."""
    started: float
    """When it was started, in seconds since the epoch."""
