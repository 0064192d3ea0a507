"""The configuration that was tested is kept, and the diary says which it was."""

import hashlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.drills.evidence.recorder import Recorder
from deployer.drills.running.configuration import keep_configuration


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    folder = tmp_path / "evidence"
    folder.mkdir()
    made = Recorder(folder, lambda _: None)
    yield made
    made.close()


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Where a router ran with both proxies, one after the other."""
    files = {
        "deployer.toml": "[router]\n", "signing.pem": "a secret", "router/status.json": "{}",
        "router/envoy/bootstrap.json": "{}", "router/envoy/cds.json": '{"a": 1}',
        "router/envoy/.cds.json.0c4d": "half", "router/envoy/.lds.json": "half",
        "router/haproxy/haproxy.cfg": "global\n", "router/haproxy/socket": "/elsewhere",
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / "work" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "work" / name).write_text(text, "utf-8")
    return tmp_path / "work"


@pytest.mark.parametrize(
    ("proxy", "names"),
    [
        ("envoy", ["deployer.toml", "router/envoy/bootstrap.json", "router/envoy/cds.json"]),
        ("haproxy", ["deployer.toml", "router/haproxy/haproxy.cfg"]),
    ],
)
def test_what_is_kept(
    work: Path, recorder: Recorder, proxy: str, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(work / "router" / "haproxy")  # a socket's path may not be long
    with socket.socket(socket.AF_UNIX) as stats:
        stats.bind("stats.sock")
        keep_configuration(work, proxy, recorder)
    kept = recorder.folder / "configuration"
    there = [each.relative_to(kept).as_posix() for each in kept.rglob("*") if each.is_file()]
    assert sorted(there) == names
    for name in names:
        assert (kept / name).read_bytes() == (work / name).read_bytes()
    [event] = recorder.events
    assert (event.kind, event.name) == ("configured", ", ".join(names))
    digests = {name: hashlib.sha256((work / name).read_bytes()).hexdigest() for name in names}
    assert event.detail == {"files": digests}


def test_a_drill_without_endpoints_has_no_router(tmp_path: Path, recorder: Recorder) -> None:
    (tmp_path / "deployer.toml").write_text("", "utf-8")
    keep_configuration(tmp_path, "envoy", recorder)
    assert recorder.events[0].name == "deployer.toml"
