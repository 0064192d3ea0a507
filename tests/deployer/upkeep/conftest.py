"""The fixtures of the registry's tests, for those who look after one."""

from tests.deployer.registry.conftest import (
    backend,
    botocore_parses_its_files_once,
    emulators,
    make_folder,
    state,
    strict,
)

__all__ = [
    "backend",
    "botocore_parses_its_files_once",
    "emulators",
    "make_folder",
    "state",
    "strict",
]
