"""The controller: watches endpoints, decides, writes the proxy's files, and keeps it running."""

import http.client
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from deployer.emulators.process import is_same
from deployer.errors import FailedError, TimedOutError, UsageError
from deployer.routing.acceptance import SETTLE, Seen, apply, decide, digests_of
from deployer.routing.answers import Answers
from deployer.routing.folder import RouterFolder, Standing, Status
from deployer.routing.ports import free_port, is_taken
from deployer.routing.probing import word
from deployer.routing.process import Keeper
from deployer.routing.proxies import Proxy
from deployer.routing.shares import Split, weighted
from deployer.routing.statistics import fetch, on_socket
from deployer.routing.watching import Watcher
from infra.router.errors import NoEndpointError
from infra.router.model import Endpoint, Router

__all__ = ["Controller", "Voice"]

TICK = 0.1
READY_WITHIN = 15.0
FIRST_LOOK = 3.0
"""Seconds that the first configuration waits for endpoints that have not answered yet."""


@dataclass(frozen=True)
class Voice:
    """How the controller speaks: progress, and things that somebody should look at."""

    say: Callable[[str], None]
    warn: Callable[[str], None]


class Controller:
    """Runs one router until told to stop.

    Args:
        router: as the settings have it; port 0 takes any free one.
        proxy: which kind.
        folder: of this router.
        answers: golden answers by digest.
        voice: for people.

    """

    def __init__(
        self, router: Router, proxy: Proxy, folder: RouterFolder, answers: Answers, voice: Voice
    ) -> None:
        self._proxy = proxy
        self._folder = folder
        self._voice = voice
        self._keeper = Keeper(proxy, folder, voice.warn)
        self._watcher = Watcher(router.endpoints, router.model, answers.at_once)
        self._accepted = folder.memory().restore()
        self._split = Split()
        self._told: set[str] = set()
        self._router = self._with_ports(router)
        self._written: Router | None = None
        self._ready = False
        self._began = time.monotonic()

    def run(self, stop: threading.Event, ready: Callable[[Status], None]) -> None:
        """Run until `stop` is set, then drain the proxy.

        Args:
            stop: ends it.
            ready: called once, when the proxy answers.

        Raises:
            FailedError: the proxy does not start.

        """
        self._watcher.start()
        try:
            while not stop.is_set():
                self._turn(ready)
                stop.wait(TICK)
        finally:
            self._watcher.stop()
            self._keeper.drain(self._router)

    def _turn(self, ready: Callable[[Status], None]) -> None:
        seen = self._watcher.seen
        if self._written is None and self._is_early(seen):
            return
        self._split = self._folder.split()
        self._decide(seen)
        self._render()
        if self._written is not None:
            if self._keeper.tend(self._router):
                self._await_answer()
            status = self._status(seen)
            self._folder.write_status(status)
            if not self._ready:
                self._ready = True
                ready(status)
        self._tell(seen)

    def _is_early(self, seen: dict[str, Seen]) -> bool:
        """Whether the first configuration would leave out what is about to be known."""
        names = {each.name for each in self._router.endpoints}
        open_ = names - seen.keys() or {n for n, each in seen.items() if each.undecided}
        return bool(open_) and time.monotonic() < self._began + FIRST_LOOK

    def _decide(self, seen: dict[str, Seen]) -> None:
        before = self._accepted
        self._accepted = decide(self._router.endpoints, before, seen, self._split, time.monotonic())
        if self._accepted.doubt not in {"", before.doubt}:
            self._voice.warn(
                f"the primary serves sha256:{self._accepted.doubt}, the others do not: it gets no "
                f"requests, and is followed if that is so for {SETTLE:g} s"
            )
        if before.wanted != self._accepted.wanted:
            self._voice.say(f"answers must come from sha256:{self._accepted.wanted}")
        if (before.wanted, before.proven) != (self._accepted.wanted, self._accepted.proven):
            self._folder.remember(self._accepted)

    def _render(self) -> None:
        """Write the files if something changed; the last ones stay if no endpoint may be used."""
        wanted = weighted(apply(self._router, self._accepted, self._split), self._split.canary)
        if wanted == self._written:
            return
        try:
            files = self._proxy.files(wanted)
        except NoEndpointError as error:
            self._once(f"no endpoint may get requests: {error}")
            return
        self._told.clear()
        changed = [self._folder.write(name, text.encode()) for name, text in files.items()]
        self._written = wanted
        if any(changed):
            self._keeper.reload()

    def _await_answer(self) -> None:
        """Wait until the proxy answers anything at all."""
        end = time.monotonic() + READY_WITHIN
        admin = self._proxy.admin(self._router)
        while time.monotonic() < end:
            if not self._keeper.alive():
                raise FailedError(
                    f"{self._proxy.kind} ended at once",
                    where=str(self._folder.path / "proxy.log"),
                    hint="its log says why",
                )
            try:
                if _answers(admin) and is_taken(self._router.host, self._router.port):
                    return
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(TICK / 2)
        raise TimedOutError(
            f"{self._proxy.kind} does not answer after {READY_WITHIN:.0f} s",
            where=str(self._folder.path / "proxy.log"),
            hint="its log says why",
        )

    def _with_ports(self, router: Router) -> Router:
        """Return the router with ports of its own, or those of the proxy that still runs."""
        running = self._folder.running()
        if running is not None and is_same(running.handle):
            same = running.proxy == self._proxy.kind and router.port in {0, running.port}
            if same:
                self._voice.say(f"took over {running.proxy}, process {running.handle.pid}")
                self._keeper.adopt(running)
                return replace(router, port=running.port, admin_port=running.admin_port)
            raise UsageError(
                f"{running.proxy} of another run is still there, on port {running.port}",
                where=str(self._folder.path),
                hint=f"run with the same --proxy and --port, or end process {running.handle.pid}",
            )
        port = router.port or free_port(router.host)
        if is_taken(router.host, port):
            raise UsageError(
                f"port {port} of {router.host} is in use",
                hint="choose another with --port, or [router] port",
            )
        admin = router.admin_port
        if admin == 0 or is_taken("127.0.0.1", admin):
            admin = free_port("127.0.0.1")
        return replace(router, port=port, admin_port=admin)

    def _status(self, seen: dict[str, Seen]) -> Status:
        used = {
            each.name: each.proven and each.resident and each.weight > 0
            for each in (self._written or self._router).endpoints
        }
        return Status(
            proxy=self._proxy.kind,
            controller=os.getpid(),
            pid=self._keeper.pid,
            url=f"http://{_bracketed(self._router.host)}:{self._router.port}",
            admin=self._proxy.admin(self._router),
            servers=self._proxy.servers(self._written or self._router),
            split=self._split,
            digests=digests_of(self._accepted, self._split),
            endpoints=tuple(
                _standing(each, seen.get(each.name), traffic=used[each.name])
                for each in self._router.endpoints
            ),
        )

    def _tell(self, seen: dict[str, Seen]) -> None:
        for each in self._router.endpoints:
            found = seen.get(each.name)
            # A canary waits for a rollout; that it differs from the primary is its purpose.
            if found is not None and found.repeats is False and not each.canary:
                self._once(f"{each.name} gets no requests: {found.reason}")

    def _once(self, message: str) -> None:
        if message not in self._told:
            self._told.add(message)
            self._voice.warn(message)


def _standing(endpoint: Endpoint, seen: Seen | None, *, traffic: bool) -> Standing:
    found = seen or Seen(False, reason="not asked yet")
    return Standing(
        name=endpoint.name,
        url=endpoint.url,
        ready=found.ready,
        digest=found.digest,
        golden=word(found),
        traffic=traffic,
        canary=endpoint.canary,
        reason=found.reason,
        resident=endpoint.resident,
        ca_file=endpoint.ca_file,
    )


def _answers(admin: str) -> bool:
    if admin.startswith("http"):
        return fetch(f"{admin}/ready").strip() == "LIVE"
    return bool(on_socket(admin, "show info"))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
