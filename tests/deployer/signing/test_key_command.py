"""``deployer key``: keys are made once, readable by their owner only, and never overwritten."""

import stat
from pathlib import Path

import pytest

from deployer.config import PASSWORD
from deployer.signing.key_mode import KeySigner, KeyVerifier
from tests.deployer.registry.cli_kit import World
from tests.deployer.signing.signing_kit import FILES, SUBJECT, tool, verified


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)


def files(world: World) -> set[str]:
    return {path.name for path in world.work.iterdir()}


def test_new(world: World) -> None:
    told = world.invoke("key", "new", "k.pem", "-o", "json").ok().json
    assert files(world) == {"k.pem", "k.pem.pub"}
    private, public = world.work / "k.pem", world.work / "k.pem.pub"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    made = KeySigner(private, None).sign(SUBJECT, FILES)
    assert verified(KeyVerifier([public]), made).signer == told["fingerprint"]
    shown = world.invoke("key", "show", "k.pem.pub", "-o", "json").ok().json
    assert (shown["fingerprint"], shown["curve"]) == (told["fingerprint"], "secp256r1")
    assert told["encrypted"] is False


def test_new_for_people(world: World) -> None:
    ran = world.invoke("key", "new", "k.pem").ok()
    assert "PRIVATE" not in ran.out + ran.err
    assert "private_key" in ran.err
    shown = world.invoke("key", "show", "k.pem.pub").ok().out
    fingerprint = shown.split()[1]
    assert len(fingerprint) == 64
    assert fingerprint in ran.out


def test_a_password(world: World) -> None:
    world.setenv({PASSWORD: "hunter2"})
    told = world.invoke("key", "new", "k.pem", "-o", "json").ok()
    assert told.json["encrypted"] is True
    assert "hunter2" not in told.out + told.err
    assert b"ENCRYPTED" in (world.work / "k.pem").read_bytes()
    assert KeySigner(world.work / "k.pem", b"hunter2").sign_record(b"{}")


@pytest.mark.parametrize("there", ["k.pem", "k.pem.pub"])
def test_nothing_is_overwritten(world: World, there: str) -> None:
    (world.work / there).write_bytes(b"precious")
    assert "exists already" in world.invoke("key", "new", "k.pem").failed(2)
    assert files(world) == {there}
    assert (world.work / there).read_bytes() == b"precious"


def test_a_dangling_link_is_not_followed(world: World) -> None:
    (world.work / "k.pem").symlink_to("elsewhere")
    world.invoke("key", "new", "k.pem").failed(2)
    assert files(world) == {"k.pem"}


def test_no_folder(world: World) -> None:
    assert "no: no such folder" in world.invoke("key", "new", "no/k.pem").failed(1)
    assert files(world) == set()


def test_show_refuses_a_private_key(world: World) -> None:
    world.invoke("key", "new", "k.pem").ok()
    assert "not a public key" in world.invoke("key", "show", "k.pem").failed(2)
    world.invoke("key", "show", "no.pub").failed(2)


def test_other_tools_take_the_key(world: World) -> None:
    world.invoke("key", "new", "k.pem").ok()
    folder = world.model({"a": b"1"})
    sign = tool("sign", "key", folder, "--signature", "s", "--private_key", "k.pem")
    assert sign.returncode == 0, sign.stderr
    verify = tool("verify", "key", folder, "--signature", "s", "--public_key", "k.pem.pub")
    assert verify.returncode == 0, verify.stderr
