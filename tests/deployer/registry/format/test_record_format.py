"""The documents byte for byte, as docs/format.md has them: golden files, canonical, strict."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.errors import DamagedError, DeployerError
from deployer.registry.cloud import read_document
from deployer.registry.format import layout
from deployer.registry.format.records import (
    AliasRecord,
    Deletion,
    File,
    Garbage,
    Lineage,
    Manifest,
    Marker,
    Record,
    Sweep,
    Tombstone,
    Txn,
    VersionRecord,
    decode,
    digest,
    encode,
)
from tests.deployer.registry.registry_kit import memory_clouds

GOLDEN = Path(__file__).parents[3] / "golden" / "registry"
UUID = "0f9f5a4c-3c1e-4a52-9a53-1e2f6a3f0b11"
STORE = "5d8b0c1e-7a44-4f0e-8b8e-90c6f2f1a7d3"
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
TIME = "2026-11-22T15:10:28Z"


def least(**fields: Any) -> Manifest:
    """Return a manifest that says no more than `fields`."""
    nothing: dict[str, Any] = {
        "format": 1,
        "files": (),
        "schema": None,
        "metrics": None,
        "lineage": Lineage(parent=None, data=None, commit=None),
        "frameworks": {},
        "residency": (),
        "signature": None,
    }
    return Manifest(**nothing | fields)


DOCUMENTS: dict[str, Record] = {
    "deployer": Marker(format=1, registry=UUID, store=STORE, home=STORE, epoch=1, created=TIME),
    "manifest": Manifest(
        format=1,
        files=(
            File(path="model.onnx", size=4, sha256=DIGEST),
            File(path="weights/é€𐄞.bin", size=0, sha256=digest(b"")),
        ),
        schema={"inputs": [{"name": "bill_length_mm", "type": "number"}], "outputs": []},
        metrics={"accuracy": 0.985, "support": 69, "tiny": 1e-7, "huge": 1e21, "whole": 1.0},
        lineage=Lineage(parent=digest(b"parent"), data=digest(b"data"), commit="f" * 40),
        frameworks={"scikit-learn": "1.7.2", "numpy": "2.3.4", "éclair": "1", "a\u20ac": "2"},
        residency=("eu-central-1", "europe-west3"),
        signature=None,
    ),
    "manifest-least": least(files=(File(path="a", size=1, sha256=DIGEST),)),
    "version": VersionRecord(
        format=1,
        model="penguins",
        version=12,
        manifest=DIGEST,
        txn=UUID,
        created=TIME,
        by="ana@build",
    ),
    "alias": AliasRecord(
        format=1,
        model="penguins",
        alias="champion",
        epoch=2,
        seq=7,
        version=12,
        manifest=DIGEST,
        prev=digest(b"before"),
        txn=UUID,
        at=TIME,
        by="ana@build",
    ),
    "alias-expiring": AliasRecord(
        format=1,
        model="penguins",
        alias="champion",
        epoch=1,
        seq=1,
        version=1,
        manifest=DIGEST,
        prev=None,
        txn=UUID,
        at=TIME,
        by="ana@build",
        expires="2027-01-01T00:00:00Z",
        sig="MEUCIQ==",
    ),
    "alias-removed": AliasRecord(
        format=1,
        model="penguins",
        alias="champion",
        epoch=1,
        seq=2,
        version=1,
        manifest=DIGEST,
        prev=digest(b"before"),
        txn=UUID,
        at=TIME,
        by="ana@build",
        note="drift\u2014Gentoo",
        removed=True,
    ),
    "alias-judged": AliasRecord(
        format=1,
        model="penguins",
        alias="champion",
        epoch=1,
        seq=3,
        version=4,
        manifest=DIGEST,
        prev=digest(b"before"),
        txn=UUID,
        at=TIME,
        by="ana@build",
        verdict={
            "passed": True,
            "forced": False,
            "reason": "",
            "rules": [{"name": "accuracy", "passed": True, "required": "≥0.9", "seen": "0.9651"}],
            "more": 0,
            "basis": "data",
            "rows": 86,
            "excluded": 258,
            "data": DIGEST,
            "champion": {
                "version": 3,
                "manifest": DIGEST,
                "metric": "f1_macro",
                "value": 0.0125,
                "low": -1e-07,
                "high": 1.0,
                "confidence": 0.95,
            },
            "seed": 0,
            "resamples": 1000,
        },
        sig="MEUCIQ==",
    ),
    "deleted": Deletion(
        format=1,
        model="penguins",
        version=3,
        manifest=DIGEST,
        txn=UUID,
        at=TIME,
        by="ana@build",
        note="mistake",
    ),
    "claimed": Deletion(
        format=1,
        model="penguins",
        version=3,
        manifest=DIGEST,
        txn=UUID,
        at=TIME,
        by="ana@build",
        claim=True,
    ),
    "tombstone": Tombstone(
        format=1,
        id=UUID,
        at=TIME,
        by="ana@build",
        objects=(Garbage(key=layout.blob(DIGEST), size=4, version='"0x8DC"'),),
    ),
    "sweep": Sweep(format=1, id=UUID, active=True, at=TIME, by="ana@build"),
    "txn": Txn(
        format=1,
        id=UUID,
        model="penguins",
        manifest=DIGEST,
        blobs=(DIGEST, digest(b"")),
        created=TIME,
        expires="2026-11-29T15:10:28Z",
        by="ana@build",
    ),
}


def golden(name: str) -> bytes:
    return (GOLDEN / f"{name}.json").read_bytes()


def changed(name: str, **fields: Any) -> bytes:
    """Return a golden document with some fields set; ``...`` removes one."""
    document = json.loads(golden(name)) | fields
    return rfc8785.dumps({key: value for key, value in document.items() if value is not ...})


class TestGolden:
    @pytest.mark.parametrize("name", DOCUMENTS)
    def test_written_byte_for_byte(self, name: str) -> None:
        assert encode(DOCUMENTS[name]) == golden(name)

    @pytest.mark.parametrize("name", DOCUMENTS)
    def test_read_back(self, name: str) -> None:
        assert decode(golden(name), type(DOCUMENTS[name]), where="here") == DOCUMENTS[name]

    def test_no_golden_file_without_a_test(self) -> None:
        assert {path.stem for path in GOLDEN.glob("*.json")} == set(DOCUMENTS)

    def test_digest_of_the_manifest_never_changes(self) -> None:
        """Versions out there are named by it."""
        expected = "bb03a3b11d4dc77bf801cff9d741e47547e8007706c1d0eaf75520201e1dd38d"
        assert digest(encode(DOCUMENTS["manifest-least"])) == expected


def utf16(name: str) -> bytes:
    return name.encode("utf-16-be")


def scalar_texts() -> st.SearchStrategy[str]:
    return st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | scalar_texts(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(scalar_texts(), inner, max_size=3),
    max_leaves=8,
)


def number(text: str) -> int | float:
    """Read a number as RFC 8785 means it: a double, when it is no safe integer."""
    return int(text) if abs(int(text)) < 2**53 else float(text)


class TestCanonical:
    @settings(deadline=None)
    @given(st.dictionaries(scalar_texts(), values, max_size=6))
    def test_a_canonical_document_stays_as_it_is(self, metrics: dict[str, Any]) -> None:
        """Read and written again, by us or by the reference implementation, it is the same bytes."""
        body = encode(least(metrics=metrics))
        assert encode(decode(body, Manifest, where="")) == body
        assert rfc8785.dumps(json.loads(body, parse_int=number)) == body

    @settings(deadline=None)
    @given(st.dictionaries(scalar_texts(), st.integers(0, 9), min_size=2, max_size=8))
    def test_names_are_in_the_order_of_utf16(self, metrics: dict[str, int]) -> None:
        """RFC 8785, 3.2.3: not the order of code points, nor that of UTF-8."""
        pairs = json.loads(encode(least(metrics=metrics)), object_pairs_hook=list)
        names = [name for name, _ in dict(pairs)["metrics"]]
        assert names == sorted(names, key=utf16)

    def test_surrogate_pairs_sort_before_the_private_area(self) -> None:
        body = encode(least(metrics={"\ufb33": 1, "\U0001f600": 2}))
        assert body.index("\U0001f600".encode()) < body.index("\ufb33".encode())

    def test_no_white_space_and_plain_utf8(self) -> None:
        for name in DOCUMENTS:
            body = golden(name)
            assert b" " not in body.replace(b"ana@build", b"")
            assert b"\\u" not in body
            assert not body.endswith(b"\n")

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
    def test_what_json_cannot_say_is_a_named_error(self, value: float) -> None:
        with pytest.raises(DeployerError):
            encode(least(metrics={"loss": value}))


REQUIRED = [
    (name, field)
    for name, record in DOCUMENTS.items()
    if name != "manifest-least"
    for field in record.__struct_fields__
    if not (
        (name.startswith("alias") and field in {"expires", "note", "removed", "verdict", "sig"})
        or (name in {"deleted", "claimed"} and field in {"note", "claim"})
    )
]


class TestStrict:
    @pytest.mark.parametrize("name", DOCUMENTS)
    def test_unknown_field(self, name: str) -> None:
        with pytest.raises(DamagedError, match="surprise"):
            decode(changed(name, surprise=1), type(DOCUMENTS[name]), where="s3://b/k")

    @pytest.mark.parametrize("name", DOCUMENTS)
    @pytest.mark.parametrize("other", [0, 2, 99, -1])
    def test_other_format(self, name: str, other: int) -> None:
        with pytest.raises(DamagedError, match=f"format {other}") as caught:
            decode(changed(name, format=other), type(DOCUMENTS[name]), where="s3://b/k")
        assert caught.value.where == "s3://b/k"

    @pytest.mark.parametrize("name", DOCUMENTS)
    def test_a_newer_format_says_so_though_its_fields_are_unknown(self, name: str) -> None:
        body = changed(name, format=2, invention=True)
        with pytest.raises(DamagedError) as caught:
            decode(body, type(DOCUMENTS[name]), where="")
        assert "newer" in caught.value.hint

    @pytest.mark.parametrize("name", DOCUMENTS)
    @pytest.mark.parametrize("value", ["1", 1.5, True, None, [1]])
    def test_format_of_another_type(self, name: str, value: object) -> None:
        with pytest.raises(DamagedError):
            decode(changed(name, format=value), type(DOCUMENTS[name]), where="")

    @pytest.mark.parametrize(("name", "field"), REQUIRED)
    def test_wrong_type(self, name: str, field: str) -> None:
        with pytest.raises(DamagedError):
            decode(changed(name, **{field: 7.5}), type(DOCUMENTS[name]), where="")

    @pytest.mark.parametrize(("name", "field"), REQUIRED)
    def test_absent_field(self, name: str, field: str) -> None:
        with pytest.raises(DamagedError):
            decode(changed(name, **{field: ...}), type(DOCUMENTS[name]), where="")

    @pytest.mark.parametrize("field", ["expires", "note", "removed", "verdict", "sig"])
    def test_optional_fields_may_be_absent(self, field: str) -> None:
        read = decode(changed("alias-expiring", **{field: ...}), AliasRecord, where="")
        assert not getattr(read, field)

    @pytest.mark.parametrize(
        "file",
        [
            {"path": "a", "size": -1, "sha256": DIGEST},
            {"path": "a", "size": 1, "sha256": "zz"},
            {"path": "a", "size": 1, "sha256": DIGEST.upper()},
            {"path": "a", "size": 1, "sha256": f"../../{DIGEST}"},
            {"path": "a", "size": 1, "sha256": DIGEST, "mode": 0o777},
            {"path": "a", "size": "1", "sha256": DIGEST},
            {"path": None, "size": 1, "sha256": DIGEST},
            {"path": "a", "sha256": DIGEST},
            ["a", 1, DIGEST],
        ],
    )
    def test_bad_file_entry(self, file: object) -> None:
        with pytest.raises(DamagedError):
            decode(changed("manifest", files=[file]), Manifest, where="")

    @pytest.mark.parametrize(
        ("canonical", "other"),
        [
            (b'"format":1', b'"format": 1'),
            (b'"format":1', b'"format":1,"format":1'),
            (b'"format":1', b'"\\u0066ormat":1'),
            (b'"format":1,"manifest"', b'"manifest":"","format":1,"manifest"'),
            (b'"version":12}', b'"version":12}\n'),
            (b'"version":12}', b'"version":12} '),
            (b'"by":"ana@build"', b'"by":"ana\\u0040build"'),
            (b'{"by"', b'\xef\xbb\xbf{"by"'),
            (b'"version":12', b'"version":12.0'),
            (b'"version":12', b'"version":1.2e1'),
        ],
    )
    def test_what_means_the_same_but_is_not_canonical(self, canonical: bytes, other: bytes) -> None:
        """Else one document could have two digests, or mean two things to two readers."""
        body = golden("version")
        assert body.count(canonical) == 1
        with pytest.raises(DamagedError):
            decode(body.replace(canonical, other), VersionRecord, where="")

    def test_members_in_another_order(self) -> None:
        members = list(json.loads(golden("version")).items())[::-1]
        with pytest.raises(DamagedError, match="canonical"):
            decode(
                json.dumps(dict(members), separators=(",", ":")).encode(), VersionRecord, where=""
            )

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"null",
            b"[]",
            b"{",
            b"\xff\xfe{}",
            b'{"format":1}',
            b"\x00",
            b"<html>502 Bad Gateway</html>",
            b'{"format": 1, "files": []}',
            b'{"files":[],"format":1,"format":1}',
            b"[" * 100_000,
            b'{"format":1,"files":[],"metrics":' + b'{"a":' * 50_000,
        ],
        ids=range(12),
    )
    def test_no_document_at_all(self, body: bytes) -> None:
        for record in DOCUMENTS.values():
            with pytest.raises(DamagedError):
                decode(body, type(record), where="")

    def test_more_than_16_mib(self) -> None:
        (cloud,) = memory_clouds("aws")
        body = encode(least(metrics={"a": "x" * (16 * 1024 * 1024)}))
        cloud.store.put("manifests/long.json", body, mode="create")
        with pytest.raises(DamagedError, match="too long"):
            read_document(cloud, "manifests/long.json", Manifest)

    def test_one_kind_is_not_another(self) -> None:
        for name, record in DOCUMENTS.items():
            for other in DOCUMENTS.values():
                if type(other) is not type(record):
                    with pytest.raises(DamagedError):
                        decode(golden(name), type(other), where="")

    @settings(deadline=None)
    @given(st.binary(max_size=60))
    def test_any_bytes_at_all(self, body: bytes) -> None:
        """Either it is a document or it is damaged; nothing else is ever raised."""
        for record in DOCUMENTS.values():
            try:
                decode(body, type(record), where="")
            except DamagedError:
                continue

    @settings(deadline=None)
    @given(st.data())
    def test_a_golden_document_with_one_byte_changed(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(DOCUMENTS)))
        body = bytearray(golden(name))
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
        try:
            read = decode(bytes(body), type(DOCUMENTS[name]), where="")
        except DamagedError:
            return
        assert msgspec.to_builtins(read)["format"] == 1


def test_keys_are_as_documented() -> None:
    assert layout.MARKER == "deployer.json"
    assert layout.blob(DIGEST) == f"blobs/sha256/9f/{DIGEST}"
    assert layout.manifest(DIGEST) == f"manifests/sha256/{DIGEST}.json"
    assert layout.version("penguins", 3) == "models/penguins/versions/00000003.json"
    assert layout.version("p", 99_999_999) == "models/p/versions/99999999.json"
    assert layout.alias("penguins", "champion") == "models/penguins/aliases/champion.json"
    assert layout.alias_log("p", "champion", 1) == "models/p/aliases/champion.log/00000001.json"
    assert layout.txn(UUID) == f"txn/{UUID}.json"
