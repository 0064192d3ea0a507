"""Tools are installed once, wholly or not at all, and nowhere but in the cache."""

import json
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deployer.emulators.install import install_once, run_installer
from deployer.emulators.process import poll_until
from deployer.errors import FailedError
from tests.deployer.emulators.emulator_user import User, processes_in

TOOLS = Path(__file__).parents[3] / "deployer" / "emulators" / "tools"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("move", [True, False])
def test_built_once_by_many(tmp_path: Path, move: bool) -> None:
    target, built = tmp_path / "tool-1", []
    together = threading.Barrier(8)

    def build(folder: Path) -> None:
        built.append(folder)
        (folder / "file").write_text("x")

    def install(_number: int) -> Path:
        together.wait()
        return install_once(target, "key", build, move=move)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(install, range(8))) == {target}
    assert len(built) == 1
    assert names(target) == [".complete", "file"]
    assert names(tmp_path) == ["tool-1", "tool-1.lock"]
    install_once(target, "another key", build, move=move)
    assert len(built) == 2


@pytest.mark.parametrize("move", [True, False])
def test_half_an_installation_is_none(tmp_path: Path, move: bool) -> None:
    target = tmp_path / "tool-1"
    (tmp_path / ".tool-1.of-a-killed-process").mkdir()

    def fail(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise FailedError("no network")

    def build(folder: Path) -> None:
        assert names(folder) == []
        (folder / "file").write_text("x")

    with pytest.raises(FailedError, match="no network"):
        install_once(target, "key", fail, move=move)
    assert not (target / ".complete").exists()
    install_once(target, "key", build, move=move)
    assert names(target) == [".complete", "file"]
    assert names(tmp_path) == ["tool-1", "tool-1.lock"]


def test_an_installer_that_fails_tells_why_and_cleans_up(tmp_path: Path) -> None:
    folder = tmp_path / "tool"
    folder.mkdir()
    code = "import os, sys; print('disk', os.environ['SIZE']); sys.exit(4)"
    with pytest.raises(FailedError, match="making it failed: disk full") as failed:
        run_installer(
            [sys.executable, "-c", code],
            folder=folder,
            environment={"SIZE": "full"},
            doing="making it",
        )
    assert "network" in failed.value.hint
    assert names(tmp_path) == ["tool"]


def test_the_locks_hold_hashes_and_no_registry() -> None:
    npm = (TOOLS / "azurite" / "package-lock.json").read_text()
    packages = json.loads(npm)["packages"]
    assert all("integrity" in one for name, one in packages.items() if name)
    assert not any("resolved" in one for one in packages.values())
    pip = (TOOLS / "localstack.txt").read_text()
    assert pip.count("--hash=sha256:") > 100
    assert "://" not in pip


@pytest.fixture
def newcomer(user: User) -> User:
    """A user whose cache is empty, in the standard place below an otherwise empty home."""
    for name in [name for name in user.environment if name.startswith("XDG")]:
        del user.environment[name]
    return user


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "tool"),
    [(["--clouds", "azure"], "azurite"), (["--clouds", "aws", "--s3", "localstack"], "localstack")],
)
def test_first_use_writes_only_below_xdg(newcomer: User, words: list[str], tool: str) -> None:
    process = newcomer.begin("up", *words)
    _, said = process.communicate(timeout=280)
    assert process.returncode == 0, said
    assert "installing" in said.splitlines()[0]
    assert newcomer.run("status").returncode == 0
    assert newcomer.run("down", "--purge").returncode == 0
    allowed = (
        newcomer.home / ".cache" / "deployer",
        newcomer.home / ".local" / "state" / "deployer" / "emulators",
    )
    files = [path for path in newcomer.home.rglob("*") if path.is_file()]
    assert [path for path in files if not path.is_relative_to(allowed[0])] == [allowed[1] / "lock"]
    tools = names(allowed[0] / "tools")
    assert [name.partition("-")[0] for name in tools] == [tool, tool]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_interrupted_while_it_installs(newcomer: User, number: int) -> None:
    tools = newcomer.home / ".cache" / "deployer" / "tools"
    with newcomer.begin("up", "--clouds", "azure") as process:
        assert poll_until(lambda: len(processes_in(tools)) >= 2, 60)
        process.send_signal(number)
        process.communicate(timeout=60)
    assert poll_until(lambda: not processes_in(newcomer.home), 20)
    if number == signal.SIGTERM:
        assert names(tools) == ["azurite-3.37.0.lock"]
    both = [newcomer.begin("up", "--clouds", "azure") for _ in range(2)]
    said = [process.communicate(timeout=200)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sum("installing" in text for text in said) == 1
    assert names(tools) == ["azurite-3.37.0", "azurite-3.37.0.lock"]
    assert names(tools / "azurite-3.37.0" / "node_modules")
