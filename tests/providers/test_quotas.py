"""A store that takes no more is asked once, and said to be so in one line: what, where, what next."""

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from deployer.errors import ExitCode, from_store_error
from providers import azure_blob, gcs, s3
from providers._gcs_http import _explanation
from providers.errors import QuotaError, StoreError, ThrottledError
from providers.store import Store, StoreOptions
from tests.fakes import Fault, StrictCloud, faults
from tests.fakes.azure_auth import ACCOUNT
from tests.fakes.faults import Action
from tests.fakes.s3_auth import ACCESS_KEY, SECRET_KEY

if TYPE_CHECKING:
    from providers.driver import Driver

BUCKET = "models"
WRITES = {"s3": "PutObject", "gcs": "objects.insert", "azure": "PutBlob"}


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[StrictCloud]:
    with StrictCloud() as cloud:
        for dialect in WRITES:
            cloud.create_bucket(dialect, BUCKET)
        for name, value in (
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
            ("AZURE_STORAGE_CONNECTION_STRING", cloud.azure_connection_string),
        ):
            monkeypatch.setenv(name, value)
        yield cloud


@pytest.fixture
def store_of(cloud: StrictCloud) -> Iterator[Callable[[str], Store]]:
    drivers: dict[str, Callable[[], Driver]] = {
        "s3": lambda: s3.open_driver(BUCKET, endpoint=cloud.s3_endpoint),
        "gcs": lambda: gcs.open_driver(BUCKET, endpoint=cloud.gcs_endpoint),
        "azure": lambda: azure_blob.open_driver(ACCOUNT, BUCKET),
    }
    made: list[Store] = []

    def store(dialect: str) -> Store:
        made.append(Store(drivers[dialect](), StoreOptions(attempts=3)))
        return made[-1]

    yield store
    for each in made:
        each.close()


def refused(store: Store, kind: type[StoreError]) -> StoreError:
    with pytest.raises(kind) as caught:
        store.put("models/penguins", b"x", mode="create")
    return caught.value


@pytest.mark.parametrize(
    ("dialect", "action", "said"),
    [
        ("s3", faults.quota(), "The quota of the bucket is used up."),
        ("s3", faults.status(507, "XMinioStorageFull", "Too few drives are free."), "are free"),
        ("gcs", faults.quota(), "403 quotaExceeded: The quota of the project is used up."),
        ("gcs", faults.status(403, "RESOURCE_QUOTA_EXCEEDED", "No\nmore."), "No more."),
        (
            "azure",
            faults.quota(),
            "403 AccountQuotaExceeded: The account has reached its capacity.",
        ),
        ("azure", faults.disk_full(), "507 InsufficientStorage: There is no room left."),
    ],
)
def test_a_quota_is_told_once_in_one_line(
    cloud: StrictCloud,
    store_of: Callable[[str], Store],
    dialect: str,
    action: Action,
    said: str,
) -> None:
    cloud.script(Fault(action, dialect=dialect, operation=WRITES[dialect]))
    store = store_of(dialect)
    error = refused(store, QuotaError)
    assert not error.retryable
    assert said in error.message
    told = from_store_error(error)
    assert told.exit_code == ExitCode.UNAVAILABLE
    assert str(told).startswith(f"{store.url}/models/penguins: ")
    assert "raise the quota, or free space" in told.hint
    assert "\n" not in f"{told} {told.hint}"
    # Neither the write nor a look whether it came through all the same is repeated.
    assert [each.operation for each in cloud.requests].count(WRITES[dialect]) == 1
    store.put("models/penguins", b"x", mode="create")


@pytest.mark.parametrize(
    "code", ["rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED"]
)
def test_a_rate_told_with_403_is_outlasted(
    cloud: StrictCloud, store_of: Callable[[str], Store], waits: list[int], code: str
) -> None:
    cloud.script(Fault(faults.status(403, code), dialect="gcs", operation=WRITES["gcs"], count=2))
    store_of("gcs").put("models/penguins", b"x", mode="create")
    assert len(waits) == 2
    cloud.script(Fault(faults.status(403, code), dialect="gcs", operation=WRITES["gcs"], count=6))
    with pytest.raises(ThrottledError) as caught:
        store_of("gcs").put("other", b"x", mode="create")
    assert "--concurrency" in from_store_error(caught.value).hint


def test_both_forms_of_google_s_errors_are_read() -> None:
    # As Cloud Storage's own page of codes has it, and as AIP-193 has it.
    own = {"domain": "usageLimits", "reason": "rateLimitExceeded", "message": "Slow\ndown."}
    front = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "RATE_LIMIT_EXCEEDED"}
    others = [{"@type": "type.googleapis.com/google.rpc.Help", "links": []}, front]
    body = {"code": 403, "message": "Slow\n  down."}
    assert _explanation(json.dumps({"error": {**body, "errors": [own]}})) == (
        "rateLimitExceeded",
        "Slow down.",
    )
    for more, code in (
        ({"details": others}, "RATE_LIMIT_EXCEEDED"),
        ({"status": "RESOURCE_EXHAUSTED"}, "RESOURCE_EXHAUSTED"),
    ):
        assert _explanation(json.dumps({"error": {**body, **more}})) == (code, "Slow down.")
    assert _explanation("<html>\nBad\n gateway") == ("", "<html> Bad gateway")
    assert _explanation('{"error": {"errors": null}}') == ("", '{"error": {"errors": null}}')
