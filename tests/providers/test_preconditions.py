"""A store that ignores preconditions is refused before a registry writes to it."""

import pytest

from providers.errors import UnsupportedError
from providers.memory import MemoryDriver
from providers.model import ObjectMeta, PutMode
from providers.store import Store, StoreOptions
from tests.providers.harness_clouds import GCSHarness, fresh_name
from tests.providers.harness_servers import Emulators
from tests.providers.saboteurs_objects import (
    ChecksThenWrites,
    IgnoresCreateOnly,
    IgnoresVersion,
    IgnoresVersionOfAbsent,
)


class TestRefused:
    cloud = "gcs"

    def test_emulator_that_ignores_preconditions(self, emulators: Emulators) -> None:
        server = emulators.server("gcp-storage-emulator")
        with GCSHarness(
            fresh_name(), endpoint=server.endpoint, environment=server.environment()
        ) as harness:
            with harness.open() as store, pytest.raises(UnsupportedError) as caught:
                store.verify_preconditions()
            assert "preconditions" in caught.value.message
            assert "\n" not in str(caught.value)
            assert caught.value.hint
            assert caught.value.url.startswith("gs://")
            assert harness.raw_keys() == []


@pytest.mark.parametrize("broken", [IgnoresCreateOnly, IgnoresVersion])
def test_saboteurs_are_refused(broken: type[MemoryDriver]) -> None:
    driver = broken()
    with Store(driver) as store, pytest.raises(UnsupportedError, match="ignores preconditions"):
        store.verify_preconditions()
    assert driver.objects == {}


@pytest.mark.parametrize("kept", [MemoryDriver, ChecksThenWrites, IgnoresVersionOfAbsent])
def test_what_one_writer_cannot_see_is_accepted(kept: type[MemoryDriver]) -> None:
    """The probe is one writer's; races are the suite's business, and this line says so."""
    with Store(kept()) as store:
        seen = store.verify_preconditions()
    assert (seen.create, seen.update, seen.checksum) == (True, True, False)


def test_probe_that_fails_halfway_leaves_nothing() -> None:
    class Failing(MemoryDriver):
        def put(self, key: str, body: bytes, *, mode: PutMode, metadata: object) -> ObjectMeta:
            if mode == "overwrite":
                raise OSError("out of order")
            return super().put(key, body, mode=mode, metadata={})

    driver = Failing()
    with Store(driver, StoreOptions(attempts=1)) as store, pytest.raises(OSError, match="order"):
        store.verify_preconditions()
    assert driver.objects == {}
