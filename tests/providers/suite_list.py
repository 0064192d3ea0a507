"""Conformance: keys and listings."""

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from providers.errors import InvalidKeyError
from providers.store import Store
from tests.providers.harness import Harness, Recorder, payload
from tests.providers.suite_base import SuiteBase

AWKWARD_KEYS = [
    "plain",
    "with space",
    " leading",
    "trailing ",
    "a/b/c/d",
    "sub/with space/x y",
    "ü/ñ.txt",
    "日本語/モデル.onnx",
    "emoji-😀",
    "combining-e\u0301",
    "composed-\u00e9",
    "plus+plus",
    "100%",
    "percent%2Fencoded",
    "%41",
    "hash#fragment",
    "query?a=1&b=2",
    "semi;colon,comma",
    "quote'double\"",
    "tilde~",
    "colon:at@dollar$",
    "star*bang!",
    "(round)[square]{curly}",
    "pipe|caret^back`tick",
    "less<than>more",
    "amp&amp;",
    ".hidden",
    "..two-dots",
    "dots..inside/x",
    "-dash",
    "_under",
    "CON",
    "file.json.tmp",
    "name=value",
    "UPPER/lower",
    "upper/LOWER",
    "\u00a0no-break",
    "\u2028line-separator",
    "\ufeffbom",
    "long/" + "s" * 255,
    "/".join(["k" * 224] * 4),  # 899 bytes
]
INVALID_KEYS = [
    "",
    "/",
    "/a",
    "a/",
    "a//b",
    ".",
    "..",
    "a/./b",
    "a/../b",
    "../a",
    "a/..",
    "ends.",
    "a./b",
    "back\\slash",
    "nul\0",
    "line\nbreak",
    "tab\t",
    "del\x7f",
    "c1\x85",
    "lone\ud800",
    "s" * 256,
    "ü" * 128,
    "k/" * 450 + "kk",
    ".deployer-parts/x",
]
# By code point, which is how UTF-8 sorts; UTF-16 puts the emoji before the full-width tilde.
ORDERED = [
    "A",
    "B/x",
    "Z",
    "a b",
    "a!",
    "a-",
    "a/b",
    "a/c",
    "a0",
    "aa",
    "b",
    "~",
    "é",
    "\uff5e",
    "😀",
]
ORDERED.sort()


PLAIN = [key for key in ORDERED if re.fullmatch(r"[\w/~-]+", key, re.ASCII)]


def check_start_after(
    harness: Harness, store: Store, keys: Sequence[str], absent: Sequence[str]
) -> None:
    """Check listings of `keys` after each of them and after keys that do not exist."""
    for key in keys:
        harness.raw_put(key, b"x")
    for after in [*keys, *absent]:
        found = [meta.key for meta in store.list(start_after=after)]
        assert found == [key for key in keys if key > after], after
        found = [meta.key for meta in store.list("a", start_after=after)]
        assert found == [key for key in keys if key > after and key.startswith("a")], after


class KeyCases(SuiteBase):
    """Which names an object can have."""

    def test_awkward_keys(self, harness: Harness, store: Store) -> None:
        for key in AWKWARD_KEYS:
            assert store.put(key, key.encode(), mode="create").key == key
        assert harness.raw_keys() == sorted(AWKWARD_KEYS)
        assert [meta.key for meta in store.list()] == sorted(AWKWARD_KEYS)
        for key in AWKWARD_KEYS:
            above, slash, _ = key.rpartition("/")
            assert harness.raw_get(key) == key.encode()
            assert store.get(key) == key.encode()
            assert store.head(key).key == key
            assert key in [meta.key for meta in store.list(key)]
            assert key in [meta.key for meta in store.list_dir(above + slash).objects]
            store.delete(key)
        assert harness.raw_keys() == []

    def test_awkward_keys_of_others(self, harness: Harness, store: Store) -> None:
        for key in AWKWARD_KEYS:
            harness.raw_put(key, key.encode())
        assert [meta.key for meta in store.list()] == sorted(AWKWARD_KEYS)
        for key in AWKWARD_KEYS:
            assert store.get(key) == key.encode()

    def test_awkward_key_of_large(self, harness: Harness, store: Store, tmp_path: Path) -> None:
        key = "ü/with space+%2F&?#=~'\"😀.bin"
        body = payload(2 * harness.part_size + 100)
        store.put(key, body, mode="create")
        assert harness.raw_get(key) == body
        store.download(key, tmp_path / "copy")
        assert (tmp_path / "copy").read_bytes() == body

    def test_invalid_keys(self, harness: Harness, tmp_path: Path) -> None:
        recorder, driver = Recorder.around(harness.open().driver)
        body = iter([b"untouched"])
        (tmp_path / "kept").write_bytes(b"kept")
        with harness.open(wrap=lambda _: driver) as store:
            acts: list[Callable[[str], object]] = [
                lambda key: store.put(key, body, mode="overwrite"),
                store.get,
                lambda key: store.open(key).__enter__(),
                lambda key: store.download(key, tmp_path / "kept"),
                store.head,
                store.exists,
                store.delete,
                lambda key: store.presign(key, expires=timedelta(minutes=1)),
            ]
            for key in INVALID_KEYS:
                for act in acts:
                    with pytest.raises(InvalidKeyError) as caught:
                        act(key)
                    assert isinstance(caught.value, ValueError)
        assert recorder.ops() == []
        assert next(body) == b"untouched"
        assert (tmp_path / "kept").read_bytes() == b"kept"


class ListCases(SuiteBase):
    """What a listing shows, and in which order."""

    def test_list_empty(self, store: Store) -> None:
        assert list(store.list()) == []
        assert list(store.list("no/such/prefix")) == []
        listing = store.list_dir()
        assert (listing.objects, listing.prefixes) == ((), ())
        listing = store.list_dir("no/such/")
        assert (listing.objects, listing.prefixes) == ((), ())

    def test_list_order(self, harness: Harness, store: Store) -> None:
        for key in reversed(ORDERED):
            harness.raw_put(key, b"x")
        assert [meta.key for meta in store.list()] == ORDERED

    def test_list_meta(self, harness: Harness, store: Store) -> None:
        harness.raw_put("a", b"12345")
        put = store.put("b", b"123", mode="create", metadata={"stage": "x"})
        a, b = store.list()
        assert (a.size, b.size) == (5, 3)
        assert a.version == store.head("a").version
        assert b.version == put.version
        if store.capabilities.lists_metadata:
            assert (b.sha256, dict(b.metadata)) == (put.sha256, {"stage": "x"})

    def test_list_prefix(self, harness: Harness, store: Store) -> None:
        for key in ORDERED:
            harness.raw_put(key, b"x")
        for prefix in ("a", "a/", "a/b", "a-", "aa", "B", "b/", "é", "😀", "zz", "A/"):
            found = [meta.key for meta in store.list(prefix)]
            assert found == [key for key in ORDERED if key.startswith(prefix)], prefix

    def test_list_start_after(self, harness: Harness, store: Store) -> None:
        check_start_after(harness, store, PLAIN, absent=["0", "a", "a/", "a/bb", "zzz"])

    def test_list_start_after_any_key(self, harness: Harness, store: Store) -> None:
        check_start_after(harness, store, ORDERED, absent=["a c", "à", "\U0001f601"])

    def test_list_pages(self, harness: Harness, store: Store) -> None:
        count = harness.page * (2 if harness.page < 100 else 1) + 1
        keys = [f"page/{number:05}" for number in range(count)]
        harness.raw_put_many(keys)
        assert [meta.key for meta in store.list("page/")] == keys
        after = keys[harness.page - 1]
        assert [meta.key for meta in store.list(start_after=after)] == keys[harness.page :]
        listing = store.list_dir("page/")
        assert [meta.key for meta in listing.objects] == keys
        assert store.list_dir().prefixes == ("page/",)

    def test_list_is_lazy(self, harness: Harness) -> None:
        for number in range(20):
            harness.raw_put(f"{number:02}", b"x")
        recorder, driver = Recorder.around(harness.open().driver)
        with harness.open(wrap=lambda _: driver) as store:
            listing = iter(store.list())
            assert recorder.listed == 0
            assert next(listing).key == "00"
            assert recorder.listed <= 2
            assert [meta.key for meta in listing] == [f"{n:02}" for n in range(1, 20)]

    def test_list_dir(self, harness: Harness, store: Store) -> None:
        for key in ("a/x", "a/y", "a/deep/z", "ab/x", "a-", "ab.txt", "b", "z/deep/deeper/x"):
            harness.raw_put(key, b"x")
        top = store.list_dir()
        assert [meta.key for meta in top.objects] == ["a-", "ab.txt", "b"]
        assert top.prefixes == ("a/", "ab/", "z/")
        below = store.list_dir("a/")
        assert [meta.key for meta in below.objects] == ["a/x", "a/y"]
        assert below.prefixes == ("a/deep/",)
        deep = store.list_dir("z/deep/")
        assert (deep.objects, deep.prefixes) == ((), ("z/deep/deeper/",))

    def test_list_dir_of_part_of_a_name(self, harness: Harness, store: Store) -> None:
        for key in ("a/x", "ab/x", "a-", "ab.txt", "b"):
            harness.raw_put(key, b"x")
        listing = store.list_dir("a")
        assert [meta.key for meta in listing.objects] == ["a-", "ab.txt"]
        assert listing.prefixes == ("a/", "ab/")

    def test_object_beside_its_prefix(self, harness: Harness, store: Store) -> None:
        keys = ["a", "a-", "a/", "a/b", "a/b/c", "ab", "ab/x"]
        for key in keys:
            if not key.endswith("/"):
                store.put(key, key.encode(), mode="create")
        assert harness.raw_keys() == [key for key in keys if key != "a/"]
        listing = store.list_dir()
        assert [meta.key for meta in listing.objects] == ["a", "a-", "ab"]
        assert listing.prefixes == ("a/", "ab/")
        listing = store.list_dir("a/")
        assert [meta.key for meta in listing.objects] == ["a/b"]
        assert listing.prefixes == ("a/b/",)
        store.delete("a")
        assert store.get("a/b") == b"a/b"

    def test_list_after_delete(self, harness: Harness, store: Store) -> None:
        for key in ("a", "b", "c/d"):
            harness.raw_put(key, b"x")
        store.delete("b")
        store.delete("c/d")
        assert [meta.key for meta in store.list()] == ["a"]
        assert store.list_dir().prefixes == ()
