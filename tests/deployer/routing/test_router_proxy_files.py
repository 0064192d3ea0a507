"""What HAProxy says of files that it is given."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.routing.folder import RouterFolder
from deployer.routing.proxies import HAProxy, refused
from tests.infra.proxies_kit import haproxy
from tests.infra.router_kit import two


def checked(proxy: HAProxy) -> subprocess.CompletedProcess[str]:
    command = [haproxy(), *proxy.check_command()[1:]]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deployer.routing.proxies._program", lambda *_: haproxy())


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a shorter name than those of tests, so that there is room for any length."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize("letter", ["x", "é"])
@pytest.mark.parametrize("length", [97, 98, 100, 101, 150])
def test_a_folder_of_any_length_has_a_socket(length: int, letter: str, short: Path) -> None:
    rest = length - len(str(short / "haproxy" / "stats.sock")) - 1
    name = letter * (rest // len(letter.encode())) + "x" * (rest % len(letter.encode()))
    folder = RouterFolder(short / name)
    folder.create()
    proxy = HAProxy(folder)
    for file, text in proxy.files(two()).items():
        folder.write(file, text.encode())
    done = checked(proxy)
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("found")
def test_what_haproxy_does_not_accept_is_told_with_its_reason(tmp_path: Path) -> None:
    proxy = HAProxy(RouterFolder(tmp_path))
    proxy._folder.write("haproxy/haproxy.cfg", b"global\n    no-such-word 7\n")
    done = checked(proxy)
    assert done.returncode == 1
    assert "no-such-word" in str(refused(proxy, done.stdout + done.stderr))
