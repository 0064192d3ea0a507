"""`deployer pull` as its user sees it."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deployer.registry.cli_kit import World
from tests.deployer.registry.registry_kit import (
    read_tree,
    sha256,
    strict_cloud,
    strict_environment,
)
from tests.fakes import Fault, StrictCloud
from tests.fakes.faults import stall

FILES = {"model.bin": b"weights", "sub/notes.txt": b"n"}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(tmp_path, monkeypatch)
    made.local_clouds()
    made.model(FILES)
    made.invoke("push", "model", "penguins:champion").ok()
    return made


@pytest.fixture
def strict(world: World) -> Iterator[StrictCloud]:
    """Return the strict fake, with the world's settings pointing at it."""
    (world.work / "deployer.toml").unlink()
    with strict_cloud() as cloud:
        world.setenv(strict_environment(cloud))
        yield cloud


def everything_but_the_log(world: World) -> dict[str, bytes]:
    """Return every file of this world; that a command was tried is written down, whatever came."""
    return {name: body for name, body in world.everything().items() if "audit.jsonl" not in name}


def acts(world: World) -> list[dict[str, object]]:
    lines = (world.state / "audit.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def blob(world: World, cloud: str, body: bytes) -> Path:
    return world.store(cloud) / "blobs" / "sha256" / sha256(body)[:2] / sha256(body)


def test_json(world: World) -> None:
    ran = world.invoke("pull", "penguins", "out", "-o", "json").ok()
    assert ran.json["files"] == 2
    assert ran.json["bytes"] == 8
    assert ran.json["version"] == 1
    assert ran.json["sources"] == {"aws": 2}
    assert ran.json["skipped"] == {}
    assert ran.json["target"] == "out"
    assert read_tree(world.work / "out") == FILES


def test_what_people_are_told(world: World) -> None:
    ran = world.invoke("pull", "penguins@champion", "out").ok()
    assert "penguins:1 → out" in ran.err
    assert "2 files" in ran.err
    assert read_tree(world.work / "out") == FILES


def test_quiet(world: World) -> None:
    assert world.invoke("pull", "penguins:1", "out", "-q").ok().err == ""


def test_every_kind_of_reference(world: World) -> None:
    manifest = world.invoke("show", "penguins", "-o", "json").ok().json["manifest"]
    references = ("penguins", "penguins:1", "penguins@champion", f"penguins@{manifest}")
    for number, reference in enumerate(references):
        world.invoke("pull", reference, f"out{number}").ok()
        assert read_tree(world.work / f"out{number}") == FILES


@pytest.mark.parametrize("cloud", ["aws", "gcp", "azure"])
def test_from_one_cloud(world: World, cloud: str) -> None:
    ran = world.invoke("pull", "penguins", "out", "--from", cloud, "-o", "json").ok()
    assert ran.json["sources"] == {cloud: 2}


def test_from_one_cloud_means_from_no_other(world: World) -> None:
    blob(world, "gcp", b"weights").write_bytes(b"WEIGHTS")
    error = world.invoke("pull", "penguins", "out", "--from", "gcp").failed(11)
    assert "gcp" in error
    assert not (world.work / "out").exists()


def test_from_an_unknown_cloud(world: World) -> None:
    assert "'mars'" in world.invoke("pull", "penguins", "out", "--from", "mars").failed(2)


def test_a_cloud_that_lies_is_named_and_passed_over(world: World) -> None:
    blob(world, "aws", b"weights").write_bytes(b"WEIGHTS")
    ran = world.invoke("pull", "penguins", "out", "-o", "json").ok()
    assert read_tree(world.work / "out") == FILES
    assert list(ran.json["skipped"]) == ["aws"]
    assert ran.json["sources"] == {"aws": 1, "gcp": 1}
    assert "aws was passed over" in ran.err


def test_a_cloud_that_is_away(world: World) -> None:
    world.store("aws").rename(world.folder / "away")
    ran = world.invoke("pull", "penguins", "out", "-o", "json").ok()
    assert ran.json["sources"] == {"gcp": 2}
    assert list(ran.json["skipped"]) == ["aws"]


def test_all_away(world: World) -> None:
    for cloud in ("aws", "gcp", "azure"):
        world.store(cloud).rename(world.folder / f"{cloud}-away")
    before = everything_but_the_log(world)
    world.invoke("pull", "penguins", "out").failed(6)
    assert everything_but_the_log(world) == before


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ("pinguins", 6),
        ("penguins:2", 6),
        ("penguins@prod", 6),
        (f"penguins@sha256:{'0' * 64}", 6),
        ("", 2),
        ("penguins:0", 2),
        ("penguins:x", 2),
        ("penguins@", 2),
        ("penguins@3", 2),
        ("penguins@sha256:12", 2),
        ("penguins:" + "9" * 5000, 2),
        ("../penguins", 2),
    ],
)
def test_references_that_lead_nowhere(world: World, reference: str, code: int) -> None:
    before = everything_but_the_log(world)
    world.invoke("pull", reference, "out").failed(code)
    assert everything_but_the_log(world) == before


@pytest.mark.parametrize("target", ["model", "model/model.bin", ".", "model/.."])
def test_targets_that_exist(world: World, target: str) -> None:
    before = everything_but_the_log(world)
    world.invoke("pull", "penguins", target).failed(2)
    assert everything_but_the_log(world) == before


@pytest.mark.parametrize("target", ["model/model.bin/x", "/proc/nowhere/x", "x" * 300])
def test_targets_that_cannot_be(world: World, target: str) -> None:
    before = everything_but_the_log(world)
    ran = world.invoke("pull", "penguins", target)
    assert ran.failed(ran.code)
    assert ran.code in (1, 2)
    left = set(everything_but_the_log(world)) - set(before)
    assert not {name for name in left if ".pulling" not in name and "/trust/" not in name}


def test_an_empty_current_folder_is_refused(world: World) -> None:
    (world.work / "empty").mkdir()
    (world.work / "empty" / "deployer.toml").symlink_to("../deployer.toml")
    world.patch.chdir(world.work / "empty")
    world.invoke("pull", "penguins", ".").failed(2)


def test_what_it_leaves_behind_beside_the_target(world: World) -> None:
    """What was seen of the alias, the contents, a line in the log; a second pull adds the line."""
    before = world.everything()
    world.invoke("pull", "penguins", "out").ok()
    after = world.everything()
    new = {name for name in set(after) - set(before) if not name.startswith("work/out/")}
    seen = [name for name in new if name.startswith("state/deployer/trust/")]
    kept = {name for name in new if name.startswith("cache/deployer/blobs/")}
    assert len(seen) == 1
    assert {Path(name).name for name in kept} == {sha256(body) for body in FILES.values()}
    assert new == {*seen, *kept}
    world.invoke("pull", "penguins", "out2").ok()
    again = {name for name in world.everything() if not name.startswith("work/out2/")}
    assert again == set(after)


@pytest.mark.parametrize("what", ["blob", "manifest"])
def test_a_version_of_which_a_part_is_gone_everywhere(world: World, what: str) -> None:
    for cloud in ("aws", "gcp", "azure"):
        if what == "blob":
            blob(world, cloud, b"n").unlink()
        else:
            for path in world.store(cloud).glob("manifests/sha256/*"):
                path.unlink()
    error = world.invoke("pull", "penguins", "out").failed(11)
    assert "push" in error
    assert not (world.work / "out").exists()


class TestCache:
    def test_what_was_fetched_is_not_fetched_again(self, world: World) -> None:
        world.invoke("pull", "penguins", "one").ok()
        ran = world.invoke("pull", "penguins", "two", "-o", "json").ok()
        assert (ran.json["sources"], ran.json["cached"]) == ({}, 2)
        assert "from the cache" in world.invoke("pull", "penguins", "three").ok().err
        assert read_tree(world.work / "three") == FILES

    @pytest.mark.parametrize("how", ["flag", "setting"])
    def test_without(self, world: World, how: str) -> None:
        if how == "setting":
            world.setenv({"DEPLOYER_TRANSFER_CACHE": "0"})
        flags = ["--no-cache"] if how == "flag" else []
        for target in ("one", "two"):
            ran = world.invoke("pull", "penguins", target, "-o", "json", *flags).ok()
            assert (ran.json["sources"], ran.json["cached"]) == ({"aws": 2}, 0)
        assert not (world.folder / "cache").exists()

    def test_a_limit_that_makes_no_sense(self, world: World) -> None:
        world.setenv({"DEPLOYER_TRANSFER_CACHE": "-1"})
        world.invoke("pull", "penguins", "out").failed(2)


class TestRollback:
    """The cloud's folder is the attacker's: yesterday's alias is put back."""

    def alias(self, world: World, cloud: str) -> Path:
        return world.store(cloud) / "models" / "penguins" / "aliases" / "champion.json"

    @pytest.fixture
    def turned_back(self, world: World) -> World:
        old = self.alias(world, "aws").read_bytes()
        world.model({"model.bin": b"better"}, "better")
        world.invoke("push", "better", "penguins:champion").ok()
        world.invoke("pull", "penguins@champion", "before").ok()
        self.alias(world, "aws").write_bytes(old)
        return world

    def test_the_next_cloud_is_used(self, turned_back: World) -> None:
        ran = turned_back.invoke("pull", "penguins@champion", "out", "-o", "json").ok()
        assert (ran.json["version"], list(ran.json["skipped"])) == (2, ["aws"])
        assert "aws serves move 1 of penguins@champion, move 2 was seen on" in ran.err

    def test_no_other_cloud(self, turned_back: World) -> None:
        """What was seen on any cloud of the command counts, also where it reads from one only."""
        for cloud in ("gcp", "azure"):
            self.alias(turned_back, cloud).write_bytes(self.alias(turned_back, "aws").read_bytes())
        for flags in ([], ["--from", "azure"], ["--from", "fastest"]):
            error = turned_back.invoke("pull", "penguins@champion", "out", *flags).failed(11)
            assert "--allow-stale" in error
            assert "deployer repair" in error
            assert str(turned_back.state / "trust") in error
        assert not (turned_back.work / "out").exists()
        assert acts(turned_back)[-1]["outcome"] == "failed"

    def test_allow_stale(self, turned_back: World) -> None:
        flags = ["--from", "aws", "-o", "json"]
        for target in ("one", "two"):
            ran = turned_back.invoke("pull", "penguins@champion", target, "--allow-stale", *flags)
            assert ran.ok().json["version"] == 1
            assert "move 2 was seen on" in ran.json["doubts"][0]
            assert "warning:" in ran.err
        turned_back.invoke("pull", "penguins@champion", "out", *flags[:2]).failed(11)

    def test_the_file_that_the_advice_names(self, turned_back: World) -> None:
        (path,) = (turned_back.state / "trust").rglob("penguins.json")
        ran = turned_back.invoke("pull", "penguins@champion", "out", "--from", "aws")
        assert f"remove {path}" in ran.failed(11)
        path.unlink()
        turned_back.invoke("pull", "penguins@champion", "out", "--from", "aws").ok()


@pytest.mark.slow
def test_an_emulator_that_starts_empty_is_no_attack(world: World) -> None:
    """Two runs of three and one version: without a memory of its own the last would be older."""
    (world.work / "deployer.toml").unlink()
    world.setenv({"DEPLOYER_EMULATORS": "1"})
    try:
        for _ in range(2):
            world.run("emulators", "up", "--clouds", "aws").ok()
            world.run("push", "model", "penguins").ok()
            for number in range(2):
                world.model({"model.bin": b"%d" % number}, "better")
                world.run("push", "better", "penguins").ok()
            world.run("pull", "penguins", "out", "--no-cache").ok()
            assert read_tree(world.work / "out") == {"model.bin": b"1"}
            shutil.rmtree(world.work / "out")
            world.run("emulators", "down").ok()
            assert not (world.state / "trust").exists()
        world.run("emulators", "up", "--clouds", "aws").ok()
        world.run("push", "model", "penguins").ok()
        world.run("pull", "penguins", "out").ok()
        assert list((world.state / "emulators" / "run" / "trust").rglob("penguins.json"))
    finally:
        world.run("emulators", "down", "--purge").ok()
    assert not list((world.state / "emulators").rglob("penguins.json"))


def test_what_is_remembered_holds_no_secret(world: World, strict: StrictCloud) -> None:
    """A store is told from others by its endpoint, which stands beside a key."""
    world.invoke("push", "model", "penguins").ok()
    world.invoke("pull", "penguins", "out", "--from", "azure").ok()
    (path,) = (world.state / "trust").rglob("penguins.json")
    secrets = strict.azure_connection_string.split("AccountKey=")[1].split(";")[0]
    assert len(secrets) > 20
    assert secrets not in path.read_text("utf-8")
    assert "http://127.0.0.1:" in path.read_text("utf-8")


class TestFastest:
    def test_the_answer_is_the_same(self, world: World) -> None:
        ran = world.invoke("pull", "penguins", "out", "--from", "fastest", "-o", "json").ok()
        assert read_tree(world.work / "out") == FILES
        assert sum(ran.json["sources"].values()) == 2

    def test_a_cloud_may_be_called_so(self, world: World) -> None:
        world.store("aws").rename(world.store("fastest"))
        world.settings(f'[clouds.fastest]\nurl = "{world.store("fastest").as_uri()}"\n')
        ran = world.invoke("pull", "penguins", "out", "--from", "fastest", "-o", "json").ok()
        assert ran.json["sources"] == {"fastest": 2}

    @pytest.mark.parametrize("dialect", ["s3", "gcs", "azure"])
    def test_a_cloud_that_answers_nothing_delays_nobody(
        self, world: World, strict: StrictCloud, dialect: str
    ) -> None:
        """Nor does the process wait for it at its end."""
        world.invoke("push", "model", "penguins").ok()
        strict.script(Fault(stall(), dialect=dialect, operation="*", key="*", count=None))
        started = time.monotonic()
        ran = world.run("pull", "penguins", "out", "--from", "fastest", "--timeout", "200")
        assert time.monotonic() - started < 150
        ran.ok()
        assert read_tree(world.work / "out") == FILES


class TestSignature:
    MODEL_SIGNING = Path(sys.executable).with_name("model_signing")

    @pytest.fixture
    def signed(self, world: World) -> World:
        world.invoke("key", "new", "key.pem").ok()
        world.setenv(
            {
                "DEPLOYER_SIGNING_MODE": "key",
                "DEPLOYER_SIGNING_PRIVATE_KEY": "key.pem",
                "DEPLOYER_SIGNING_PUBLIC_KEYS": "key.pem.pub",
            }
        )
        world.model({"model.bin": b"signed", "sub/x": b"y"}, "better")
        world.invoke("push", "better", "penguins").ok()
        return world

    def test_who_signed_it(self, signed: World) -> None:
        shown = signed.invoke("key", "show", "key.pem.pub", "-o", "json").ok().json
        ran = signed.invoke("pull", "penguins", "out", "-o", "json").ok()
        assert ran.json["signed"] == {"by": shown["fingerprint"], "covers": "manifest"}
        assert f"signed by {shown['fingerprint']}" in signed.invoke("pull", "penguins", "two").err

    def test_an_unsigned_version(self, signed: World) -> None:
        ran = signed.invoke("pull", "penguins:1", "out", "-o", "json").ok()
        assert ran.json["signed"] is None
        signed.setenv({"DEPLOYER_SIGNING_REQUIRE_SIGNATURE": "true"})
        assert "is not signed" in signed.invoke("pull", "penguins:1", "two").failed(11)
        signed.invoke("pull", "penguins:1", "two", "--signature-out", "sig").failed(11)
        signed.setenv({"DEPLOYER_SIGNING_REQUIRE_SIGNATURE": "false"})
        signed.invoke("pull", "penguins:1", "two", "--signature-out", "sig").failed(6)
        assert not (signed.work / "two").exists()
        assert not (signed.work / "sig").exists()

    def test_another_program_verifies_what_was_pulled(self, signed: World) -> None:
        signed.invoke("pull", "penguins", "out", "--signature-out", "out.sig").ok()
        verify: list[str | Path] = [
            self.MODEL_SIGNING,
            "verify",
            "key",
            "out",
            "--signature",
            "out.sig",
        ]
        for damage in (b"", b"!"):
            with (signed.work / "out" / "model.bin").open("ab") as file:
                file.write(damage)
            done = subprocess.run(
                [*verify, "--public_key", "key.pem.pub"], capture_output=True, check=False
            )
            assert (done.returncode == 0) == (damage == b""), done.stdout + done.stderr


class TestResidency:
    def test_a_machine_elsewhere(self, world: World) -> None:
        regions = {f"DEPLOYER_CLOUDS_{c}_REGION": "eu-central-1" for c in ("AWS", "GCP", "AZURE")}
        world.setenv(regions | {"DEPLOYER_REGION": "eu-west-1"})
        world.local_clouds(more='[models.bound]\nresidency = ["eu"]\n')
        world.invoke("push", "model", "bound").ok()
        world.invoke("pull", "bound", "here").ok()
        world.setenv({"DEPLOYER_REGION": "us-east-1"})
        before = read_tree(world.work)
        error = world.invoke("pull", "bound", "out").failed(5)
        assert "bound to eu, and this machine is in us-east-1" in error
        assert read_tree(world.work) == before
        last = acts(world)[-1]
        assert (last["act"], last["outcome"], last["model"]) == ("pull", "refused", "bound")
        assert "us-east-1" in str(last["detail"])
        world.patch.delenv("DEPLOYER_REGION")
        assert "set region" in world.invoke("pull", "bound", "out").failed(5)

    def test_a_cloud_that_moved_away(self, world: World) -> None:
        regions = {f"DEPLOYER_CLOUDS_{c}_REGION": "eu-central-1" for c in ("AWS", "GCP", "AZURE")}
        world.setenv(regions | {"DEPLOYER_REGION": "eu-west-1"})
        world.local_clouds(more='[models.bound]\nresidency = ["eu"]\n')
        world.invoke("push", "model", "bound").ok()
        world.setenv({"DEPLOYER_CLOUDS_AWS_REGION": "us-east-1"})
        ran = world.invoke("pull", "bound", "out", "-o", "json").ok()
        assert (ran.json["sources"], list(ran.json["skipped"])) == ({"gcp": 2}, ["aws"])
        assert "us-east-1" in world.invoke("pull", "bound", "two", "--from", "aws").failed(5)
