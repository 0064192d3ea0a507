"""Listings of Azure, and the order of its names."""

from collections.abc import Iterator

import pytest
from azure.storage.blob import ContainerClient
from hypothesis import given
from hypothesis import strategies as st

from providers._azure_rest import Page, by_code_point
from providers.azure_blob import AzureDriver
from providers.model import ObjectMeta, Version
from tests.fakes.server import StrictCloud
from tests.providers.azure_driver.azure_driver_kit import ALPHABET, TILDE, put


class TestListing:
    def test_start_after_is_the_servers_business(
        self, cloud: StrictCloud, driver: AzureDriver
    ) -> None:
        keys = [f"a/{n:03}" for n in range(100)]
        for key in keys:
            put(driver, key)
        cloud.options.page_size = 10
        cloud.requests.clear()
        found = [meta.key for meta in driver.list("a/", start_after="a/094")]
        assert found == keys[95:]
        assert len(cloud.requests) == 1
        assert [meta.key for meta in driver.list("a/", start_after="a")] == keys
        cloud.requests.clear()
        assert list(driver.list("a/", start_after="b")) == []
        assert cloud.requests == []

    def test_names_above_the_surrogates(
        self, driver: AzureDriver, azurite: tuple[AzureDriver, ContainerClient]
    ) -> None:
        """The fake sorts by code point; Azurite by UTF-16, the emoji before the tilde."""
        keys = ["a", TILDE, f"{TILDE}b", "\U0001f600", "\U0001f600/x"]
        for one in (driver, azurite[0]):
            for key in keys:
                put(one, key)
            for start, key in enumerate(keys, 1):
                assert [meta.key for meta in one.list("", start_after=key)] == keys[start:]

    @given(st.lists(st.text(ALPHABET, min_size=1), unique=True))
    def test_order(self, keys: list[str]) -> None:
        by_utf16 = sorted(keys, key=lambda key: key.encode("utf-16-be"))
        for listed in (by_utf16, sorted(keys)):
            metas = (ObjectMeta(key, 0, Version("")) for key in listed)
            assert [meta.key for meta in by_code_point(metas)] == sorted(keys)

    def test_order_is_lazy(self) -> None:
        """Only what shares the part before the emoji is held back."""
        keys = ["a", "b/\U0001f600", f"b/{TILDE}", "c"]

        def endless() -> Iterator[ObjectMeta]:
            for key in keys:
                yield ObjectMeta(key, 0, Version(""))
            pytest.fail("read ahead")

        listing = by_code_point(endless())
        assert [next(listing).key for _ in keys] == sorted(keys)

    def test_prefix_across_pages(self, cloud: StrictCloud, driver: AzureDriver) -> None:
        for number in range(20):
            put(driver, f"a/{number:02}")
        cloud.options.page_size = 3
        assert driver.list_dir("").prefixes == ("a/",)
        assert len(driver.list_dir("a/").objects) == 20

    def test_prefix_on_two_pages(
        self, driver: AzureDriver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pages = [Page([], ["a/", "b/"], "more"), Page([], ["b/"], "")]
        monkeypatch.setattr(driver, "_pages", lambda *_: iter(pages))
        assert driver.list_dir("").prefixes == ("a/", "b/")
