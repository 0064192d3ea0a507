"""The proxy's process: it starts, is steered, and never outlives its drill."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deployer.drills.proxy.client import FaultProxy
from deployer.drills.proxy.rules import Match, Rule
from deployer.emulators.process import birth_of
from deployer.errors import FailedError, UsageError
from tests.deployer.drills.proxy.raw_http_kit import (
    DEADLINE,
    RawClient,
    RawServer,
    Seen,
    ok,
    serve_http,
)

ROOT = Path(__file__).parents[4]


def wait_for(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (Rule("reset", match=Match(target="(")), "no regular expression"),
        (Rule("divert", upstream="127.0.0.1:80"), "no http:// or https://"),
        (Rule("divert", upstream="http://a/path"), "more than a server"),
        (Rule("drip", rate=0), "never ends"),
        (Rule("latency", seconds=-1), "no negative"),
        (Rule("truncate", bytes=-1), "no negative"),
        (Rule("reset", share=1.5), "not between 0 and 1"),
        (Rule("answer", status=100), "no status of an answer"),
    ],
)
def test_a_rule_that_makes_no_sense(proxy: FaultProxy, rule: Rule, why: str) -> None:
    name = f"senseless-{rule.effect}-{why}"
    proxy.listen(name, "http://127.0.0.1:1")
    with pytest.raises(UsageError, match=why):
        proxy.add(name, rule)


def test_what_is_not_there(proxy: FaultProxy) -> None:
    proxy.listen("there", "http://127.0.0.1:1")
    with pytest.raises(UsageError, match="already"):
        proxy.listen("there", "http://127.0.0.1:1")
    with pytest.raises(UsageError, match="no http:// or https://"):
        proxy.listen("nowhere", "ftp://127.0.0.1:1")
    for ask in (proxy.counts, lambda name: proxy.add(name, Rule("reset"))):
        with pytest.raises(UsageError, match=r"no listener 'gone'; there are: .*there"):
            ask("gone")
    for number in (0, 10_000):
        with pytest.raises(UsageError, match="no rule"):
            proxy.hits(number)


def test_close_ends_connections_and_writes_what_was_under_way(tmp_path: Path) -> None:
    traffic = tmp_path / "traffic.jsonl"
    with (
        RawServer(serve_http(lambda *_: ok(b""), Seen())) as server,
        FaultProxy(tmp_path, traffic=traffic) as proxy,
    ):
        port = proxy.listen("a", server.url)
        number = proxy.add("a", Rule("half-open"))
        with RawClient(port) as client:
            client.ask(target="/held")
            assert proxy.wait_hits(number, 1, DEADLINE)
            pid = proxy.pid
            assert birth_of(pid)
            proxy.close()
            assert client.end() == "rst"
        with pytest.raises(ConnectionRefusedError):
            RawClient(port)
        assert not birth_of(pid)
        assert traffic.read_text().count("/held") == 1
        with pytest.raises(FailedError, match="closed"):
            proxy.hits(number)
        proxy.close()


def test_a_proxy_that_is_killed_is_an_error_and_no_wait(tmp_path: Path) -> None:
    with FaultProxy(tmp_path) as proxy:
        proxy.listen("a", "http://127.0.0.1:1")
        number = proxy.add("a", Rule("reset"))
        failed: list[Exception] = []

        def wait() -> None:
            try:
                proxy.wait_hits(number, 1, 60)
            except FailedError as error:
                failed.append(error)

        waiting = threading.Thread(target=wait)
        waiting.start()
        proxy._held.kill()
        waiting.join(DEADLINE)
        assert ["the fault proxy has ended" in str(error) for error in failed] == [True]
        with pytest.raises(FailedError, match="has ended"):
            proxy.counts("a")


DRILL = """
import sys
from pathlib import Path
from deployer.drills.proxy.client import FaultProxy
proxy = FaultProxy(Path(sys.argv[1]))
print(proxy.pid, proxy.listen("a", "http://127.0.0.1:1"), flush=True)
input()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_its_drill(tmp_path: Path, number: signal.Signals) -> None:
    drill = subprocess.Popen(
        [sys.executable, "-c", DRILL, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with drill:
        assert drill.stdout is not None
        pid, port = map(int, drill.stdout.readline().split())
        assert birth_of(pid)
        drill.send_signal(number)
        drill.wait(DEADLINE)
    assert wait_for(lambda: not birth_of(pid))
    with pytest.raises(ConnectionRefusedError):
        RawClient(port)


def test_many_threads_may_steer(proxy: FaultProxy) -> None:
    names = [f"steered-{number}" for number in range(8)]
    ports: dict[str, int] = {}
    failed: list[BaseException] = []

    def steer(name: str) -> None:
        try:
            ports[name] = proxy.listen(name, server.url)
            for status in range(500, 520):
                number = proxy.add(name, Rule("answer", status=status))
                with RawClient(ports[name]) as client:
                    assert client.get().status == status
                proxy.remove(number)
                assert proxy.hits(number) == 1
        except BaseException as error:
            failed.append(error)
            raise

    with RawServer(serve_http(lambda *_: ok(b""), Seen())) as server:
        threads = [threading.Thread(target=steer, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert failed == []
    assert len(set(ports.values())) == len(names)


def test_nothing_heavy_is_imported() -> None:
    heavy = {"yaml", "numpy", "boto3", "google", "azure", "rich", "click"}
    code = "import sys, deployer.drills.proxy.client, deployer.drills.proxy.control; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not heavy & {name.partition(".")[0] for name in done.stdout.split()}
