"""Conformance: what an error says."""

import pickle
from typing import TYPE_CHECKING

import pytest

from providers.errors import (
    AlreadyExistsError,
    BucketNotFoundError,
    ErrorKind,
    NotFoundError,
    PreconditionError,
    RangeError,
    StoreError,
)
from providers.model import ByteRange
from providers.store import Store
from tests.providers.harness import Harness, payload
from tests.providers.suite_base import SuiteBase

if TYPE_CHECKING:
    from collections.abc import Callable


def check(error: StoreError, op: str, store: Store, key: str) -> None:
    """Check what every error of a store tells, whichever it is."""
    assert error.op == op
    assert error.url == f"{store.url}{'' if store.url.endswith('/') else '/'}{key}"
    assert str(error).startswith(f"{error.url}: ")
    assert error.message
    assert "\n" not in str(error)
    assert type(error).kind is error.kind
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert (copy.op, copy.url, copy.kind, copy.retryable, copy.hint, copy.message) == (
        error.op,
        error.url,
        error.kind,
        error.retryable,
        error.hint,
        error.message,
    )


class ErrorCases(SuiteBase):
    """Errors that every backend can be brought to raise; the others are scripted elsewhere."""

    def test_error_not_found(self, store: Store) -> None:
        with pytest.raises(NotFoundError) as caught:
            store.get("absent/key")
        check(caught.value, "get", store, "absent/key")
        assert caught.value.kind is ErrorKind.NOT_FOUND
        assert not caught.value.retryable
        assert caught.value.__cause__ is not None
        with pytest.raises(NotFoundError) as caught:
            store.head("absent/key")
        check(caught.value, "head", store, "absent/key")

    def test_error_already_exists(self, store: Store) -> None:
        store.put("a b/ü", b"x", mode="create")
        with pytest.raises(AlreadyExistsError) as caught:
            store.put("a b/ü", b"x", mode="create")
        check(caught.value, "put", store, "a b/ü")
        assert caught.value.kind is ErrorKind.ALREADY_EXISTS
        assert not caught.value.retryable

    def test_error_precondition(self, store: Store) -> None:
        stale = store.put("key", b"0", mode="create").version
        store.put("key", b"1", mode="overwrite")
        with pytest.raises(PreconditionError) as caught:
            store.put("key", b"2", mode=stale)
        check(caught.value, "put", store, "key")
        assert caught.value.hint
        with pytest.raises(PreconditionError) as caught:
            store.get("key", if_match=stale)
        check(caught.value, "get", store, "key")
        assert not caught.value.retryable

    def test_error_range(self, store: Store) -> None:
        store.put("key", b"0123", mode="create")
        with pytest.raises(RangeError) as caught:
            store.get("key", range=ByteRange(4))
        check(caught.value, "get", store, "key")
        assert not caught.value.retryable

    @pytest.mark.parametrize("op", ["put", "put-large", "get", "range", "list", "list_dir"])
    def test_missing_bucket(self, harness: Harness, op: str) -> None:
        with harness.open_missing_bucket() as store:
            acts: dict[str, Callable[[], object]] = {
                "put": lambda: store.put("key", b"x", mode="create"),
                "put-large": lambda: store.put(
                    "key", payload(2 * harness.part_size + 1), mode="overwrite"
                ),
                "get": lambda: store.get("key"),
                "range": lambda: store.get("key", range=ByteRange(1, 2)),
                "list": lambda: list(store.list()),
                "list_dir": store.list_dir,
            }
            with pytest.raises(BucketNotFoundError) as caught:
                acts[op]()
            error = caught.value
            assert error.kind is ErrorKind.BUCKET_NOT_FOUND
            assert error.hint
            assert not error.retryable
            assert error.op == op.partition("-")[0].partition("_")[0].replace("range", "get")
            assert isinstance(error, NotFoundError)

    def test_missing_bucket_head(self, harness: Harness) -> None:
        """HEAD has no body to name what is missing: either error will do."""
        with harness.open_missing_bucket() as store, pytest.raises(NotFoundError):
            store.head("key")

    def test_url_holds_no_secret(self, harness: Harness, store: Store) -> None:
        secrets = [
            value
            for name, value in harness.environment.items()
            if any(word in name for word in ("SECRET", "KEY", "CONNECTION", "TOKEN"))
        ]
        texts = [store.url, repr(store)]
        for wanted in (None, ByteRange(1)):
            with pytest.raises(StoreError) as caught:
                store.get("absent", range=wanted)
            texts += [str(caught.value), repr(caught.value), caught.value.hint]
        for text in texts:
            assert not [secret for secret in secrets if len(secret) > 8 and secret in text]
            assert "AccountKey" not in text
            assert "Signature=" not in text

    def test_close_twice(self, harness: Harness) -> None:
        store = harness.open()
        store.put("key", payload(2 * harness.part_size + 1), mode="create")
        store.close()
        store.close()

    def test_stores_are_independent(self, harness: Harness, store: Store) -> None:
        with harness.open() as other:
            other.put("key", b"x", mode="create")
        assert store.get("key") == b"x"
