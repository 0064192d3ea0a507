"""What tests of S3's driver share."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from providers.errors import ErrorKind
from providers.model import ByteRange, Part
from providers.s3 import S3Driver

NOW = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)


def read(driver: S3Driver, key: str, wanted: ByteRange | None = None) -> bytes:
    with driver.get(key, range=wanted) as found:
        return b"".join(found.chunks)


def kind_of(driver: S3Driver, act: Callable[[], object]) -> ErrorKind | None:
    with pytest.raises((BotoCoreError, ClientError)) as caught:
        act()
    return driver.classify(caught.value)


def upload(driver: S3Driver, key: str) -> tuple[str, Part]:
    started = driver.start_upload(key, metadata={})
    return started, driver.put_part(key, started, 1, 0, b"part")
