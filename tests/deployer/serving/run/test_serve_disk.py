"""Packages on the disk, and what is remembered of them."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deployer.errors import DamagedError, DeployerError, PolicyError
from deployer.registry.format.records import File, Lineage, Manifest, digest, encode
from deployer.registry.reading.trust import Trust
from deployer.serving.run.disk import KEEP, Disk
from deployer.serving.run.lastgood import Kept, LastGood
from deployer.serving.run.state import Placed
from deployer.signing import Signed

BODY = b"weights"


def manifest(number: int, residency: tuple[str, ...] = ()) -> Manifest:
    return Manifest(
        format=1,
        files=(File(path="model.bin", size=len(BODY), sha256=digest(BODY)),),
        schema=None,
        metrics={"number": number},
        lineage=Lineage(parent=None, data=None, commit=None),
        frameworks={},
        residency=residency,
        signature=None,
    )


def put(disk: Disk, number: int) -> str:
    """Place a package, as if it had been fetched; return its digest."""
    made = manifest(number)
    sha256 = digest(encode(made))

    def fetch(target: Path) -> Manifest:
        target.mkdir()
        (target / "model.bin").write_bytes(BODY)
        return made

    folder = disk.place(sha256, fetch)
    assert (folder / "model.bin").read_bytes() == BODY
    when = datetime(2026, 1, 1, 0, number, tzinfo=UTC).timestamp()
    os.utime(folder.with_name(f"{sha256}.manifest.json"), (when, when))
    return sha256


def there(root: Path) -> set[str]:
    return {path.name for path in (root / "penguins").iterdir() if path.is_dir()}


def never(target: Path) -> Manifest:
    raise AssertionError("it is there")


def test_what_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    sha256 = put(Disk(tmp_path, "penguins"), 1)
    Disk(tmp_path, "penguins").place(sha256, never)


@pytest.mark.parametrize("how", ["changed", "cut", "gone", "manifest", "no manifest"])
def test_a_copy_that_is_not_whole_is_fetched_again(tmp_path: Path, how: str) -> None:
    disk = Disk(tmp_path, "penguins")
    sha256 = put(disk, 1)
    model = disk.folder(sha256) / "model.bin"
    kept = tmp_path / "penguins" / f"{sha256}.manifest.json"
    if how == "changed":
        model.write_bytes(b"WEIGHTS")
    elif how == "cut":
        model.write_bytes(b"w")
    elif how == "gone":
        model.unlink()
    elif how == "manifest":
        kept.write_bytes(kept.read_bytes().replace(b'"number":1', b'"number":2'))
    else:
        kept.unlink()
    with pytest.raises((DamagedError, OSError)):
        disk.verify(sha256)
    put(disk, 1)
    disk.verify(sha256)


def test_old_ones_go_but_none_that_is_used_or_good(tmp_path: Path) -> None:
    one, two = Disk(tmp_path, "penguins"), Disk(tmp_path, "penguins")
    numbered = [put(one, number) for number in range(7)]
    for sha256 in numbered[1:]:
        one.release(sha256)
    two.hold(numbered[1])
    one.trim(frozenset({numbered[2]}))
    newest = set(numbered[-KEEP:])
    assert there(tmp_path) == {*numbered[:3], *newest}
    two.release(numbered[1])
    one.trim(frozenset({numbered[2]}))
    assert there(tmp_path) == {numbered[0], numbered[2], *newest}
    assert len(list((tmp_path / "penguins").glob("*.manifest.json"))) == len(there(tmp_path))


def placed(version: str) -> Placed:
    return Placed("penguins", version, version * 64, "/x", "aws", "penguins@champion")


def test_each_reference_of_each_registry_is_remembered(tmp_path: Path) -> None:
    good = LastGood(tmp_path, "file:///a", "rules")
    assert good.read("penguins@champion") is None
    assert good.write("penguins@champion", placed("1"), signed=False) == ""
    assert good.write("penguins@next", placed("2"), signed=False) == ""
    kept = good.read("penguins@champion")
    assert kept is not None
    assert (kept.digest, kept.version, kept.source) == ("1" * 64, "1", "aws")
    assert LastGood(tmp_path, "file:///b", "rules").read("penguins@champion") is None
    assert good.digests("penguins") == {"1" * 64, "2" * 64}
    assert good.digests("other") == frozenset()
    for path in tmp_path.iterdir():
        path.write_bytes(b"{")
    assert good.read("penguins@champion") is None
    assert good.digests("penguins") == frozenset()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    good = LastGood(tmp_path / "file" / "below", "file:///a", "rules")
    assert "file" in good.write("penguins@champion", placed("1"), signed=False)


class Believer:
    """Checks signatures."""

    def verify(self, *_: object, **__: object) -> Signed:
        raise AssertionError("there is none to be checked")

    def verify_record(self, *_: object, **__: object) -> str:
        raise AssertionError("there is none to be checked")


def kept(*, signed: bool, rules: str = "rules") -> Kept:
    return Kept(
        format=1, reference="penguins@champion", model="penguins", version="1", digest="1" * 64,
        source="aws", signed=signed, rules=rules,
    )  # fmt: skip


def test_what_was_good_must_still_be_allowed(tmp_path: Path) -> None:
    good = LastGood(tmp_path, "file:///a", "rules")
    checks = Trust(verifier=Believer())
    strict = Trust(verifier=Believer(), require_signature=True)
    good.check(kept(signed=False), manifest(1), Trust())
    good.check(kept(signed=False), manifest(1), checks)
    good.check(kept(signed=True), manifest(1), strict)
    refused: tuple[tuple[Kept, Trust, type[DeployerError]], ...] = (
        (kept(signed=False), strict, DamagedError),
        (kept(signed=True, rules="others"), strict, DamagedError),
        (kept(signed=True), Trust(place=lambda _regions: "not here"), PolicyError),
    )
    for each, trust, error in refused:
        with pytest.raises(error):
            good.check(each, manifest(1, ("eu-central-1",)), trust)
