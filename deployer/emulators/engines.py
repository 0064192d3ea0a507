"""The engines by name."""

from deployer.emulators.azurite import Azurite
from deployer.emulators.fake_gcs import FakeGCS
from deployer.emulators.gcp_storage_emulator import GcpStorageEmulator
from deployer.emulators.localstack import LocalStack
from deployer.emulators.model import Engine, EngineName
from deployer.emulators.moto import Moto
from deployer.emulators.seaweedfs import SeaweedFS

__all__ = ["ENGINES", "engine_named"]

_ALL: tuple[Engine, ...] = (
    Moto(), LocalStack(), SeaweedFS(), FakeGCS(), GcpStorageEmulator(), Azurite()
)  # fmt: skip
ENGINES: dict[EngineName, Engine] = {engine.name: engine for engine in _ALL}


def engine_named(name: EngineName) -> Engine:
    """Return the engine `name`."""
    return ENGINES[name]
