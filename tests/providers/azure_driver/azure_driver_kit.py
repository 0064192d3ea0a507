"""What tests of Azure's driver share."""

from collections.abc import Callable

import pytest

from providers.azure_blob import AzureDriver
from providers.errors import ErrorKind
from providers.model import ObjectMeta

CONTAINER = "models"

TILDE = "\uff5e"  # full-width

ALPHABET = f"ab\ud7ff\ue000{TILDE}\U0001f600\U0010ffff/"

CONNECTION = "AZURE_STORAGE_CONNECTION_STRING"

VARIABLES = (
    CONNECTION,
    "AZURE_STORAGE_ACCOUNT",
    "AZURE_STORAGE_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "REQUESTS_CA_BUNDLE",
)


def kind_of(driver: AzureDriver, act: Callable[[], object]) -> ErrorKind | None:
    """Return the kind of the error that `act` raises."""
    try:
        act()
    except Exception as error:  # noqa: BLE001 - the driver judges it
        return driver.classify(error)
    pytest.fail("nothing was raised")


def put(driver: AzureDriver, key: str = "key", body: bytes = b"body") -> ObjectMeta:
    return driver.put(key, body, mode="overwrite", metadata={})


def read(driver: AzureDriver, key: str = "key") -> bytes:
    with driver.get(key) as found:
        return b"".join(found.chunks)
