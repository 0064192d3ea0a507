"""A proxy that is missing is a skip, and a failure where it is required."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.infra import proxies_kit

SCRIPT = Path(__file__).parents[2] / "tools" / "haproxy.sh"


def test_missing_is_a_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOYER_TEST_REQUIRE", "s3,haproxy")
    with pytest.raises(pytest.skip.Exception):
        proxies_kit._found("envoy", None)
    with pytest.raises(pytest.fail.Exception, match="haproxy is required"):
        proxies_kit._found("haproxy", None)
    assert proxies_kit._found("haproxy", "/somewhere") == "/somewhere"


def test_the_script_is_content_with_a_haproxy_that_is_there(tmp_path: Path) -> None:
    there = tmp_path / "haproxy"
    there.write_text("#!/bin/sh\n")
    there.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        [SCRIPT], env=environment, capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout == f"haproxy: {there}\n"
