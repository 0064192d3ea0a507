import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from botocore.loaders import JSONFileLoader

from deployer.registry.cloud import Cloud
from tests.deployer.registry.cloud_backends import Backend, emulated, on_strict_fake
from tests.deployer.registry.registry_kit import (
    BUCKET,
    folder_of,
    local_clouds,
    memory_clouds,
    strict_cloud,
    strict_clouds,
    strict_environment,
)
from tests.fakes import StrictCloud
from tests.providers.harness_servers import Emulators

MakeFolder = Callable[[Mapping[str, bytes]], Path]


@pytest.fixture(autouse=True, scope="session")
def botocore_parses_its_files_once() -> Iterator[None]:
    """Each client parses a megabyte of JSON, a tenth of a second; here there are hundreds."""
    real = JSONFileLoader.load_file
    files: dict[str, Any] = {}

    def load_file(self: JSONFileLoader, file_path: str) -> Any:
        if file_path not in files:
            files[file_path] = real(self, file_path)
        return files[file_path]

    with mock.patch.object(JSONFileLoader, "load_file", load_file):
        yield


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def make_folder(tmp_path: Path) -> MakeFolder:
    """Return a function that makes a folder of its own for some files."""
    numbers = itertools.count()
    return lambda files: folder_of(tmp_path / f"folder{next(numbers)}", files)


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> Iterator[StrictCloud]:
    """Return the strict fake, with the environment pointing at it."""
    with strict_cloud() as cloud:
        for name, value in strict_environment(cloud).items():
            monkeypatch.setenv(name, value)
        yield cloud


@pytest.fixture(params=["memory", "local", "strict"])
def clouds(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Cloud]]:
    """Return the clouds aws, gcp and azure, three kinds of them in turn."""
    if request.param == "strict":
        request.getfixturevalue("strict")
    made = {
        "memory": memory_clouds,
        "local": lambda: local_clouds(tmp_path / "stores"),
        "strict": strict_clouds,
    }[request.param]()
    yield made
    for cloud in made:
        cloud.store.close()


@pytest.fixture(scope="session")
def emulators() -> Iterator[Emulators]:
    """Yield the emulators of this process; each is started when it is first asked for."""
    with Emulators() as made:
        yield made


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Return an empty store: the fake's ``strict-CLOUD``, or the emulator's that is named."""
    kind, _, cloud = request.param.partition("strict-")
    if kind:
        yield emulated(request.getfixturevalue("emulators"), request.param)
        return
    with strict_cloud() as strict:
        yield on_strict_fake(strict, cloud, BUCKET)
