"""``deployer delete``: what it asks, says and refuses."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from deployer.errors import DeployerError
from deployer.registry.cloud import Cloud
from deployer.registry.format import layout
from providers.errors import StoreError
from providers.memory import MemoryDriver
from providers.store import Store
from tests.deployer.registry.cli_kit import DEPLOYER, World
from tests.deployer.registry.deleting.delete_kit import TIMEOUT, MakeFolder
from tests.deployer.registry.publishing.test_publish_races import Interrupting
from tests.deployer.registry.registry_kit import (
    BUCKET,
    NAMES,
    QUICK,
    audit,
    contents,
    push,
    strict_clouds,
)
from tests.deployer.upkeep.gc_kit import deleted, sharing
from tests.fakes import StrictCloud
from tests.fakes.faults import Fault, status


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(tmp_path, monkeypatch)
    made.local_clouds()
    for number in (b"1", b"2", b"3"):
        made.invoke("push", str(made.model({"a": number})), "penguins").ok()
    return made


def test_command_and_what_readers_are_told(world: World) -> None:
    done = world.invoke(
        "delete", "penguins:2", "--yes", "--note", "the wrong table", "-o", "json"
    ).ok()
    assert (done.json["version"], done.json["deleted"]) == (2, True)
    assert (done.json["clouds"], done.json["behind"]) == (list(NAMES), {})
    line = world.invoke("pull", "penguins:2", "out").failed(6)
    assert "penguins:2 was deleted at " in line
    assert ": the wrong table" in line
    again = world.invoke("delete", "penguins:2", "--yes").ok()
    assert "penguins:2 was deleted at" in again.err
    assert "newest" in world.invoke("delete", "penguins", "--yes").failed(5)
    world.invoke("alias", "set", "penguins", "champion", "1").ok()
    assert "champion" in world.invoke("delete", "penguins:1", "-y").failed(5)
    audited = world.invoke("audit", "--act", "delete", "-o", "json").ok().json
    assert [entry["outcome"] for entry in audited] == ["done", "done", "refused", "refused"]


def test_nobody_there_to_be_asked(world: World) -> None:
    before = world.everything()
    assert "--yes" in world.invoke("delete", "penguins:2").failed(2)
    assert world.everything() == before


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 8), ("", 8)])
def test_asked_on_a_terminal(world: World, answer: str, code: int) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [DEPLOYER, "delete", "penguins:2"],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    os.close(theirs)
    os.write(ours, answer.encode() or b"\x04")
    out, err = process.communicate(timeout=TIMEOUT)
    os.close(ours)
    assert "Delete penguins:2 on aws, gcp, azure?" in err
    assert (process.returncode, out) == (code, ""), err
    gone = not (world.store("aws") / layout.version("penguins", 2)).exists()
    assert gone == (code == 0)


def test_a_store_error_is_not_swallowed(
    strict: StrictCloud, make_folder: MakeFolder, state: Path
) -> None:
    clouds = strict_clouds()
    for number in (1, 2):
        push(clouds, make_folder({"a": b"%d" % number}), state=state)
    denied = Fault(status(403), dialect="s3", key="models/*/deleted/*", count=None)
    with strict.script(denied), pytest.raises(StoreError):
        deleted(clouds, 1, state=state)
    assert audit(strict.objects("s3", BUCKET)) == {"penguins": [1, 2]}


def test_a_number_that_was_given_and_deleted_is_not_given_again(
    make_folder: MakeFolder, state: Path
) -> None:
    """A publisher stops before its commit; meanwhile others use the number, and delete it."""
    drivers = {name: MemoryDriver(name) for name in NAMES}
    clouds = [Cloud(name, Store(driver, QUICK)) for name, driver in drivers.items()]
    push(clouds, make_folder({"a": b"1"}), state=state)

    def others() -> None:
        for body in (b"2", b"3"):
            push(sharing(clouds), make_folder({"a": body}), state=state / "other")
        deleted(sharing(clouds), 2, state=state / "other")

    meddled = Interrupting(drivers["aws"], layout.version("penguins", 2), others)
    mine = [Cloud("aws", Store(meddled, QUICK)), *clouds[1:]]
    folder = make_folder({"a": b"mine"})
    with pytest.raises(DeployerError, match="penguins:2 was published and deleted by others"):
        push(mine, folder, state=state, aliases=("champion",))
    for cloud in clouds:
        assert audit(contents(cloud)) == {"penguins": [1, 3]}
    assert push(clouds, folder, state=state, aliases=("champion",)).version == 4
    for cloud in clouds:
        assert audit(contents(cloud)) == {"penguins": [1, 3, 4]}
