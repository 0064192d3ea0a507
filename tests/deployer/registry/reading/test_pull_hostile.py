"""Stores written by an attacker: nothing outside of the target, no wrong byte, one clear error.

The records are put raw, past the code that would refuse to make them, with the digests right
wherever they can be.
"""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from deployer.errors import DamagedError, DeployerError, ExitCode, MissingError
from deployer.registry.cloud import Cloud
from deployer.registry.format import layout
from deployer.registry.format.names import parse_reference
from deployer.registry.reading.pull import pull
from deployer.registry.reading.resolve import resolve
from deployer.registry.viewing.inventory import aliases_of, models, presence, version_numbers
from providers.errors import StoreError
from providers.local import LocalDriver
from providers.store import Store
from tests.deployer.registry.hostile_paths import COLLIDING, HOSTILE, LITERAL
from tests.deployer.registry.registry_kit import (
    QUICK,
    contents,
    memory_clouds,
    push,
    read_tree,
    sha256,
)

MakeFolder = Callable[[Mapping[str, bytes]], Path]
EVIL = b"* * * * * root touch /tmp/pwned\n"


@pytest.fixture
def clouds(make_folder: MakeFolder, state: Path) -> list[Cloud]:
    made = memory_clouds()
    push(made, make_folder({"a": b"good"}), state=state)
    return made


def canonical(document: Any) -> bytes:
    """Return a document's canonical JSON, or the next best thing if it has none."""
    try:
        return rfc8785.dumps(document)
    except rfc8785.CanonicalizationError:  # half a surrogate pair
        return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def put(cloud: Cloud, key: str, document: object) -> str:
    """Put a document, canonical, and return its digest."""
    body = canonical(document)
    cloud.store.put(key, body, mode="overwrite")
    return sha256(body)


def forge(cloud: Cloud, files: list[dict[str, Any]], **fields: Any) -> str:
    """Let penguins:1 and its aliases at `cloud` mean a manifest of these files."""
    cloud.store.put(layout.blob(sha256(EVIL)), EVIL, mode="overwrite")
    objects = contents(cloud)
    version = json.loads(objects[layout.version("penguins", 1)])
    manifest = json.loads(objects[layout.manifest(version["manifest"])])
    manifest |= {"files": files} | fields
    digest = sha256(canonical(manifest))
    put(cloud, layout.manifest(digest), manifest)
    put(cloud, layout.version("penguins", 1), version | {"manifest": digest})
    alias = json.loads(objects[layout.alias("penguins", "latest")])
    put(cloud, layout.alias("penguins", "latest"), alias | {"manifest": digest})
    return digest


def file(path: str, body: bytes = EVIL) -> dict[str, Any]:
    return {"path": path, "size": len(body), "sha256": sha256(body)}


def fetch(clouds: list[Cloud], target: Path, reference: str = "penguins") -> Mapping[str, str]:
    return pull(
        clouds, parse_reference(reference), target, progress=lambda _: None, begin=lambda _: None
    ).skipped


def tree(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*"))


HOSTILE_FILES = {
    "absolute": [file("/{outside}/x")],
    "up": [file("../x")],
    "far-up": [file("../../../../../../../../{outside}/x")],
    "one-bad-among-good": [*[file(f"f{number}") for number in range(50)], file("../x")],
    "too-many": [file(f"f{number}") for number in range(10_001)],
    "digest-is-a-path": [{"path": "x", "size": 4, "sha256": "../../etc/passwd"}],
    "digest-is-a-key": [{"path": "x", "size": 4, "sha256": "aa/../../../deployer.json"}],
    "digest-in-capitals": [{"path": "x", "size": len(EVIL), "sha256": sha256(EVIL).upper()}],
    "negative": [{"path": "x", "size": -1, "sha256": sha256(EVIL)}],
    "huge": [{"path": "x", "size": 2**53 - 1, "sha256": sha256(EVIL)}],
    "wrong-size": [{"path": "x", "size": len(EVIL) + 1, "sha256": sha256(EVIL)}],
    "no-such-blob": [file("x", b"never uploaded")],
    "mode": [file("x") | {"mode": 0o4755}],
    "link": [file("x") | {"link": "/etc/passwd"}],
}


@pytest.mark.parametrize("name", HOSTILE_FILES)
def test_a_hostile_manifest_writes_nothing(clouds: list[Cloud], tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    files = [
        entry | {"path": entry["path"].replace("/{outside}", str(outside))}
        for entry in HOSTILE_FILES[name]
    ]
    forge(clouds[0], files)
    target = tmp_path / "work" / "out"
    target.parent.mkdir()
    before = tree(outside)
    with pytest.raises((DeployerError, StoreError)) as caught:
        fetch(clouds[:1], target)
    assert "\x1b" not in str(caught.value)
    assert getattr(caught.value, "hint", "")
    assert not target.exists()
    assert tree(outside) == before
    assert not (target.parent / "x").exists()
    assert not [path for path in tree(target.parent) if ".pulling" not in path]


@pytest.mark.parametrize("name", HOSTILE_FILES)
def test_an_honest_cloud_helps_out(clouds: list[Cloud], tmp_path: Path, name: str) -> None:
    """A manifest that cannot even be read is passed over; one whose blobs fail is an error."""
    forge(clouds[0], HOSTILE_FILES[name])
    forged_content = name in {"huge", "wrong-size", "no-such-blob"}
    try:
        skipped = fetch(clouds, tmp_path / "out")
    except (DeployerError, StoreError):
        assert forged_content
        assert not (tmp_path / "out").exists()
    else:
        assert list(skipped) == ["aws"]
        assert read_tree(tmp_path / "out") == {"a": b"good"}


def world(folder: Path) -> dict[str, object]:
    """Return everything below a folder: names, contents, links."""
    return {
        str(path): path.readlink() if path.is_symlink() else path.is_dir() or path.read_bytes()
        for path in folder.rglob("*")
    }


@pytest.fixture(scope="module")
def one_cloud(tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    """A cloud with penguins:1 that every test here forges anew."""
    folder = tmp_path_factory.mktemp("published")
    (folder / "model").mkdir()
    (folder / "model" / "a").write_bytes(b"good")
    (cloud,) = memory_clouds("aws")
    push([cloud], folder / "model", state=folder / "state")
    return cloud


@pytest.fixture
def surroundings(tmp_path: Path) -> Path:
    """A target's surroundings, with files that an attacker would like to replace."""
    inner = tmp_path / "a" / "b" / "c"
    inner.mkdir(parents=True)
    for folder in (tmp_path, tmp_path / "a", inner.parent, inner):
        (folder / "a" if folder is inner else folder / "x").write_bytes(b"mine")
    return inner


@pytest.mark.parametrize("path", HOSTILE, ids=range(len(HOSTILE)))
def test_no_hostile_path_is_written(one_cloud: Cloud, surroundings: Path, path: str) -> None:
    forge(one_cloud, [file("fine"), file(path)])
    before = world(surroundings.parents[2])
    with pytest.raises(DamagedError) as caught:
        fetch([one_cloud], surroundings / "out")
    assert caught.value.exit_code == ExitCode.INTEGRITY
    str(caught.value).encode()
    assert "\x1b" not in str(caught.value)
    assert caught.value.hint
    assert world(surroundings.parents[2]) == before


@pytest.mark.parametrize("paths", COLLIDING, ids=range(len(COLLIDING)))
def test_no_two_paths_become_one(
    one_cloud: Cloud, surroundings: Path, paths: tuple[str, ...]
) -> None:
    for order in (paths, paths[::-1]):
        forge(one_cloud, [file(path) for path in order])
        before = world(surroundings.parents[2])
        with pytest.raises(DamagedError):
            fetch([one_cloud], surroundings / "out")
        assert world(surroundings.parents[2]) == before


@pytest.mark.parametrize("path", LITERAL, ids=range(len(LITERAL)))
def test_what_only_looks_hostile_is_a_name(one_cloud: Cloud, surroundings: Path, path: str) -> None:
    """Nobody decodes, expands or runs it."""
    forge(one_cloud, [file(path)])
    before = world(surroundings.parents[2])
    fetch([one_cloud], surroundings / "out")
    assert read_tree(surroundings / "out") == {path: EVIL}
    inside = str(surroundings / "out")
    after = world(surroundings.parents[2])
    assert {k: v for k, v in after.items() if not k.startswith(inside)} == before


FORGERIES: dict[str, tuple[str, dict[str, Any]]] = {
    "manifest-of-another-digest": ("manifest", {"residency": ["mars"]}),
    "version-of-another-model": ("version", {"model": "pinguins"}),
    "version-of-another-number": ("version", {"version": 2}),
    "version-with-another-manifest": ("version", {"manifest": sha256(EVIL)}),
    "version-with-a-path": ("version", {"manifest": "../../deployer"}),
    "version-with-more": ("version", {"note": "hello"}),
    "alias-of-another-model": ("alias", {"model": "pinguins"}),
    "alias-of-another-name": ("alias", {"alias": "champion"}),
    "alias-to-another-manifest": ("alias", {"manifest": sha256(EVIL)}),
    "alias-to-no-version": ("alias", {"version": 7}),
    "alias-to-version-0": ("alias", {"version": 0}),
    "alias-to-a-negative": ("alias", {"version": -1}),
    "alias-of-a-newer-format": ("alias", {"format": 2}),
    "alias-expired": ("alias", {"expires": "2001-01-01T00:00:00Z"}),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forged_records(clouds: list[Cloud], tmp_path: Path, name: str) -> None:
    kind, fields = FORGERIES[name]
    objects = contents(clouds[0])
    version = json.loads(objects[layout.version("penguins", 1)])
    key = {
        "manifest": layout.manifest(version["manifest"]),
        "version": layout.version("penguins", 1),
        "alias": layout.alias("penguins", "latest"),
    }[kind]
    put(clouds[0], key, json.loads(objects[key]) | fields)
    with pytest.raises((DamagedError, MissingError)) as caught:
        fetch(clouds[:1], tmp_path / "out")
    assert caught.value.hint
    assert list(tmp_path.glob("out*")) == []
    assert list(fetch(clouds, tmp_path / "out")) == ["aws"]
    assert read_tree(tmp_path / "out") == {"a": b"good"}


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"null", b"<html>", b"\0" * 100, b"[" * 99_999, b'{"format":1}', b"1" * 5000],
    ids=range(8),
)
@pytest.mark.parametrize("kind", ["manifest", "version", "alias"])
def test_garbage_in_place_of_a_record(
    clouds: list[Cloud], tmp_path: Path, kind: str, body: bytes
) -> None:
    version = json.loads(contents(clouds[0])[layout.version("penguins", 1)])
    key = {
        "manifest": layout.manifest(version["manifest"]),
        "version": layout.version("penguins", 1),
        "alias": layout.alias("penguins", "latest"),
    }[kind]
    clouds[0].store.put(key, body, mode="overwrite")
    with pytest.raises(DamagedError):
        fetch(clouds[:1], tmp_path / "out")
    assert list(fetch(clouds, tmp_path / "out")) == ["aws"]


def test_an_older_alias_is_still_whole(
    clouds: list[Cloud], make_folder: MakeFolder, state: Path, tmp_path: Path
) -> None:
    """A replayed alias leads to an older version, never to a mixture."""
    old = contents(clouds[0])[layout.alias("penguins", "latest")]
    push(clouds, make_folder({"a": b"newer"}), state=state)
    clouds[0].store.put(layout.alias("penguins", "latest"), old, mode="overwrite")
    fetch(clouds, tmp_path / "out")
    assert read_tree(tmp_path / "out") == {"a": b"good"}


def test_a_folder_as_a_cloud_cannot_be_left(
    make_folder: MakeFolder, state: Path, tmp_path: Path
) -> None:
    """With `file://` a key is a path: none may name a file outside of the store."""
    root = tmp_path / "store"
    root.mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    cloud = Cloud("disk", Store(LocalDriver(root), QUICK))
    push([cloud], make_folder({"a": b"good"}), state=state)
    for sha in ("../../../../secret", "aa/../../../../secret", os.fspath(tmp_path / "secret")):
        forge(cloud, [{"path": "x", "size": 6, "sha256": sha}])
        with pytest.raises((DeployerError, StoreError)):
            fetch([cloud], tmp_path / "out")
        assert not (tmp_path / "out").exists()


class TestListings:
    """Strange objects between ours neither crash a listing nor show up in it."""

    STRAYS = (
        "models/penguins/versions/README.txt",
        "models/penguins/versions/latest.json",
        "models/penguins/versions/00000002.json.bak",
        "models/penguins/versions/2.json",
        "models/penguins/versions/sub/00000003.json",
        "models/penguins/aliases/notes.txt",
        "models/penguins/aliases/sub/x.json",
        "models/penguins/README",
        "models/README",
        "models/Not A Name/x",
        "models/other/versions/.keep",
        "README",
    )

    @pytest.mark.parametrize("stray", STRAYS)
    def test_one(self, clouds: list[Cloud], stray: str) -> None:
        clouds[0].store.put(stray, b"stray", mode="create")
        assert version_numbers(clouds[0], "penguins") == [1]
        assert [record.alias for record in aliases_of(clouds[0], "penguins")] == ["latest"]
        names = [line.name for line in models(clouds[0])]
        assert [name for name in names if name != "other"] == ["penguins"]
        resolved = resolve(clouds[0], parse_reference("penguins"))
        assert presence(clouds, resolved)["aws"] == "complete"


class TestPresence:
    """What `show` says of each cloud."""

    @pytest.mark.parametrize(
        ("what", "expected"),
        [
            ("blob", "1 files missing or damaged"),
            ("size", "1 files missing or damaged"),
            ("manifest", "no manifest"),
            ("version", "absent"),
            ("diverged", "diverged"),
            ("damaged", "unreachable"),
        ],
    )
    def test_what_is_wrong(self, clouds: list[Cloud], what: str, expected: str) -> None:
        cloud = clouds[1]
        version = json.loads(contents(cloud)[layout.version("penguins", 1)])
        match what:
            case "blob":
                cloud.store.delete(layout.blob(sha256(b"good")))
            case "size":
                cloud.store.put(layout.blob(sha256(b"good")), b"bad", mode="overwrite")
            case "manifest":
                cloud.store.delete(layout.manifest(version["manifest"]))
            case "version":
                cloud.store.delete(layout.version("penguins", 1))
            case "diverged":
                put(cloud, layout.version("penguins", 1), version | {"manifest": "0" * 64})
            case "damaged":
                put(cloud, layout.version("penguins", 1), {})
        found = presence(clouds, resolve(clouds[0], parse_reference("penguins")))
        assert (found["aws"], found["azure"]) == ("complete", "complete")
        assert found["gcp"].startswith(expected) or expected == "unreachable"
        assert found["gcp"] != "complete"
