"""A registry on this disk with two versions, a stable and a canary endpoint, and a router."""

import contextlib
import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deployer.routing.folder import RouterFolder, Status
from tests.deployer.routing.failover_kit import (
    DEPLOYER,
    MODEL,
    Server,
    _Process,
    environment,
    until,
)

__all__ = ["Ended", "Site", "site"]

START = 60.0


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Site:
    """Everything, in one folder."""

    def __init__(self, folder: Path, canary: Callable[["Site"], str] | None = None) -> None:
        self.folder = folder
        self.place = RouterFolder(folder / "run")
        self.stable = Server(folder, f"{MODEL}@champion", "stable")
        self.canary = Server(folder, f"{MODEL}@canary", "canary")
        self.router = _Process(folder, [], "router")
        self._write(canary(self) if canary else self.canary.url)

    def _write(self, canary: str) -> None:
        text = f"""
[clouds.disk]
url = "file://{self.folder}/store"

[serve]
poll = 0.2

[router]
model = "{MODEL}"
port = 0
admin_port = 0

[router.endpoints.stable]
url = "{self.stable.url}"

[router.endpoints.canary]
url = "{canary}"
canary = true
"""
        (self.folder / "deployer.toml").write_text(text, "utf-8")

    def deployer(self, *arguments: str, timeout: float = 120) -> Ended:
        """Run a command."""
        done = subprocess.run(
            [str(DEPLOYER), *arguments], cwd=self.folder, env=environment(self.folder),
            capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip
        return Ended(done.returncode, done.stdout, done.stderr)

    def ok(self, *arguments: str) -> Ended:
        done = self.deployer(*arguments)
        assert done.code == 0, done.err
        return done

    def rollout(self, *arguments: str) -> Ended:
        """Roll version 2 out, with the options given."""
        return self.deployer(
            "rollout", f"{MODEL}@champion", "--to", "2", "--dir", str(self.place.path), "--yes",
            "-o", "json", *arguments,
        )  # fmt: skip

    def start(self, proxy: str) -> None:
        self.stable.launch()
        self.canary.launch()
        self.router.command = [
            str(DEPLOYER), "router", "run", "--proxy", proxy, "--dir", str(self.place.path), "-o",
            "json",
        ]  # fmt: skip
        self.router.launch()

    @property
    def status(self) -> Status:
        found = self.place.status()
        assert found is not None
        return found

    def alias(self, name: str) -> int | None:
        """Return the version that an alias points at."""
        listed = self.ok("alias", "list", MODEL, "-o", "json").json
        return next((each["version"] for each in listed if each["alias"] == name), None)

    def stop(self) -> None:
        self.router.stop()
        self.stable.kill()
        self.canary.kill()


@contextlib.contextmanager
def site(
    folder: Path,
    one: Path,
    two: Path,
    *,
    proxy: str = "envoy",
    canary: Callable[[Site], str] | None = None,
) -> Iterator[Site]:
    """Publish two versions, point champion and canary at the first, and start everything."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "store").mkdir()
    found = Site(folder, canary)
    try:
        for model in (one, two):
            found.ok("push", str(model), MODEL)
        for alias in ("champion", "canary"):
            found.ok("alias", "set", MODEL, alias, "1")
        found.start(proxy)
        until(
            lambda: [e.traffic for e in found.status.endpoints] == [True, False], "it runs", START
        )
        yield found
    finally:
        found.stop()
