"""Signed publishes: by our key, by somebody else's tool, and never by accident unsigned."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.deployer.registry.cli_kit import World
from tests.deployer.registry.registry_kit import NAMES

FILES = {"model.bin": b"12345", "sub/é.json": b"{}"}
LIBRARY = Path(sys.executable).with_name("model_signing")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(tmp_path, monkeypatch)
    world.model(FILES)
    world.invoke("key", "new", "release.pem").ok()
    signing(world, 'private_key = "release.pem"\npublic_keys = ["release.pem.pub"]\n')
    return world


def signing(world: World, settings: str) -> None:
    world.local_clouds(more=f'[signing]\nmode = "key"\n{settings}')


def push(world: World, *flags: str) -> Any:
    return world.invoke("push", "model", "penguins", "-o", "json", *flags).ok().json


def model_signing(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(LIBRARY), *arguments], cwd=cwd, capture_output=True, text=True, check=False, timeout=60
    )


def test_signed_where_a_key_is_configured(world: World) -> None:
    pushed = push(world)
    assert pushed["signed"]
    for name in NAMES:
        shown = world.invoke("show", "penguins", "-o", "json", "--clouds", name).ok().json
        digest = shown["signature"]
        assert (world.store(name) / "blobs" / "sha256" / digest[:2] / digest).is_file()


def test_the_library_verifies_what_was_pulled(world: World) -> None:
    push(world)
    world.invoke("pull", "penguins", "out", "--signature-out", "out.sig", "--from", "gcp").ok()
    key = ("--signature", "out.sig", "--public_key", "release.pem.pub")
    good = model_signing("verify", "key", *key, "out", cwd=world.work)
    assert good.returncode == 0, good.stderr
    (world.work / "out" / "model.bin").write_bytes(b"54321")
    assert model_signing("verify", "key", *key, "out", cwd=world.work).returncode != 0


def test_a_signature_of_the_library_is_published(world: World) -> None:
    made = model_signing(
        "sign", "key", "--signature", "model.sig", "--private_key", "release.pem", "model",
        cwd=world.work,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert push(world, "--signature", "model.sig")["signed"]
    signing(world, 'public_keys = ["release.pem.pub"]\nrequire_signature = true\n')
    pulled = world.invoke("pull", "penguins", "out", "-o", "json").ok().json
    assert pulled["signed"]["covers"] == "files"


def test_a_signature_of_other_files_is_not_published(world: World) -> None:
    model_signing(
        "sign", "key", "--signature", "model.sig", "--private_key", "release.pem", "model",
        cwd=world.work,
    )  # fmt: skip
    world.model({"model.bin": b"other"})
    world.invoke("push", "model", "penguins", "--signature", "model.sig").failed(11)
    for name in NAMES:
        assert not list(world.store(name).rglob("versions/*"))


def test_a_foreign_signature_needs_somebody_to_believe(world: World) -> None:
    (world.work / "model.sig").write_bytes(b"{}")
    world.local_clouds()
    line = world.invoke("push", "model", "penguins", "--signature", "model.sig").failed(2)
    assert "public_keys" in line


def test_sign_without_a_key_is_refused(world: World) -> None:
    world.local_clouds()
    assert "private_key" in world.invoke("push", "model", "penguins", "--sign").failed(2)


def test_unchanged_content_is_signed_once(world: World) -> None:
    assert push(world)["created"]
    again = push(world)
    assert (again["version"], again["created"]) == (1, False)


def test_what_was_published_unsigned_becomes_a_new_version(world: World) -> None:
    assert push(world, "--no-sign") | {"signed": False} == push(world, "--no-sign") | {
        "created": True,
        "clouds": {name: {"sent": 2, "sent_bytes": 7, "reused": 0} for name in NAMES},
        "signed": False,
    }
    signed = push(world)
    assert (signed["version"], signed["created"], signed["signed"]) == (2, True, True)


def test_a_key_that_counts_no_more_is_replaced(world: World) -> None:
    push(world)
    world.invoke("key", "new", "next.pem").ok()
    signing(world, 'private_key = "next.pem"\npublic_keys = ["next.pem.pub"]\n')
    again = push(world)
    assert (again["version"], again["created"]) == (2, True)


def test_an_unsigned_version_is_not_pulled_where_signatures_are_required(world: World) -> None:
    push(world, "--no-sign")
    signing(world, 'public_keys = ["release.pem.pub"]\nrequire_signature = true\n')
    line = world.invoke("pull", "penguins", "out").failed(11)
    assert "not signed" in line
    assert not (world.work / "out").exists()


def test_an_interrupted_push_keeps_its_signature(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bundle of the first run is published, not a second one for the same version."""
    away = world.store("azure").rename(world.folder / "away")
    world.store("azure").write_text("not a folder")
    world.invoke("push", "model", "penguins").failed(6)
    world.store("azure").unlink()
    away.rename(world.store("azure"))
    assert push(world)["version"] == 1
    blobs = {path.name for name in NAMES for path in world.store(name).glob("blobs/sha256/*/*")}
    assert len(blobs) == 3


def test_moves_of_aliases_are_signed_too(world: World) -> None:
    push(world, "--alias", "champion")
    more = "require_signature = true\nrequire_signed_aliases = true\n"
    signing(world, f'public_keys = ["release.pem.pub"]\n{more}')
    world.invoke("pull", "penguins@champion", "out").ok()
    for name in NAMES:
        assert '"sig"' in (
            world.store(name) / "models" / "penguins" / "aliases" / "champion.json"
        ).read_text("utf-8")
