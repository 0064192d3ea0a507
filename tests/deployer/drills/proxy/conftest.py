from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.drills.proxy.client import FaultProxy


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("proxy") / "traffic.jsonl"


@pytest.fixture(scope="module")
def proxy(traffic: Path) -> Iterator[FaultProxy]:
    with FaultProxy(traffic.parent / "logs", traffic=traffic) as proxy:
        yield proxy
        log = (traffic.parent / "logs" / "proxy.log").read_text()
    assert log == "", "the proxy complains"
