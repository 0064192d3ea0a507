"""Emulators and the strict fake, each started once in a session when first needed."""

import contextlib
import os
from collections.abc import Callable
from typing import Self

import pytest

from deployer.emulators import EngineName, Server, start
from deployer.errors import DeployerError

__all__ = ["Emulators", "forbid_skip"]


class Emulators:
    """The emulators that this process has started."""

    def __init__(self) -> None:
        self._servers: dict[EngineName, Server] = {}
        self._failures: dict[EngineName, str] = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def server(self, engine: EngineName) -> Server:
        """Return the running emulator; skip the test where it cannot be had."""
        if engine in self._failures:
            pytest.skip(self._failures[engine])
        if engine not in self._servers:
            try:
                server = start(engine)
            except DeployerError as error:
                self._failures[engine] = f"{engine} cannot be started: {error}"
                pytest.skip(self._failures[engine])
            self._stack.callback(server.stop)
            self._servers[engine] = server
        return self._servers[engine]

    def on_close(self, act: Callable[[], object]) -> None:
        """Call `act` when the session ends."""
        self._stack.callback(act)


def forbid_skip(report: pytest.TestReport, cloud: str) -> None:
    """Make the skip of a test of `cloud` a failure if DEPLOYER_TEST_REQUIRE names the cloud."""
    wanted = os.environ.get("DEPLOYER_TEST_REQUIRE", "").split(",")
    required = cloud in {name.strip() for name in wanted if name.strip()}
    if report.skipped and not hasattr(report, "wasxfail") and required:
        report.outcome = "failed"
        report.longrepr = f"{cloud} is required by DEPLOYER_TEST_REQUIRE, but: {report.longrepr}"
