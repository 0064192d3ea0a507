"""The proxy's process: started in a session of its own, found again, restarted when it ends.

It is not tied to the controller's life. A controller that is killed leaves the proxy running with
the last configuration, and its own health checks go on taking endpoints out and in: nothing that
failover needs is lost. The next controller in the same folder finds it by its process id and birth.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable

from deployer.emulators.process import Handle, birth_of, is_same, poll_until
from deployer.routing.folder import RouterFolder, Running
from deployer.routing.proxies import DRAIN, Proxy, refused
from infra.router.model import Router

__all__ = ["Keeper", "next_wait"]

FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0
STEADY = 10.0
"""Seconds after which a proxy that ends did not fail to start."""

CHECK_TIMEOUT = 30.0
_EXTRA = 5.0


def next_wait(before: float, lived: float) -> float:
    """Return the seconds to wait before a proxy that lived `lived` seconds is started again."""
    if lived >= STEADY or before <= 0:
        return FIRST_WAIT
    return min(LONGEST_WAIT, before * 2)


class Keeper:
    """Keeps one proxy running.

    Args:
        proxy: which kind, with its files.
        folder: the router's.
        say: is told what happens to the process, for people.

    """

    def __init__(self, proxy: Proxy, folder: RouterFolder, say: Callable[[str], None]) -> None:
        self._proxy = proxy
        self._folder = folder
        self._say = say
        self._child: subprocess.Popen[bytes] | None = None
        self._handle: Handle | None = None
        self._began = 0.0
        self._wait = 0.0
        self._again = 0.0
        self._checked = False

    @property
    def pid(self) -> int:
        """Its process id; 0 if there is none."""
        return self._handle.pid if self._handle else 0

    def adopt(self, running: Running) -> None:
        """Take over the proxy that another controller left behind."""
        self._handle = running.handle
        self._began = time.monotonic()

    def start(self, router: Router) -> None:
        """Start it with the files that are there.

        Raises:
            FailedError: the proxy does not accept them, or ends at once.

        """
        if not self._checked:
            self._check()
            self._checked = True
        with (self._folder.path / "proxy.log").open("ab") as log:
            self._child = subprocess.Popen(  # noqa: S603 - an argument list, no shell
                list(self._proxy.command()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._began = time.monotonic()
        self._handle = Handle(self._child.pid, birth_of(self._child.pid))
        self._folder.write_running(
            Running(self._proxy.kind, self._handle, router.port, router.admin_port)
        )

    def tend(self, router: Router) -> bool:
        """Start it again if it has ended and its time has come; return whether it was started."""
        now = time.monotonic()
        if self.alive():
            return False
        if self._handle is not None:
            self._wait = next_wait(self._wait, now - self._began)
            self._again = now + self._wait
            self._say(f"{self._proxy.kind} ended; it is started again in {self._wait:.1f} s")
            self._handle = self._child = None
        if now < self._again:
            return False
        self.start(router)
        return True

    def alive(self) -> bool:
        """Whether it runs."""
        if self._child is not None:
            return self._child.poll() is None
        return self._handle is not None and is_same(self._handle)

    def reload(self) -> None:
        """Have it take changed files up."""
        if self.alive():
            self._proxy.changed(self._send)

    def drain(self, router: Router) -> None:
        """End it without breaking a request off; after the time for that, end it all the same."""
        if not self.alive():
            return
        self._proxy.drain(router, self._send)
        if not poll_until(lambda: not self.alive(), DRAIN + _EXTRA):
            self._send(signal.SIGTERM)
        if not poll_until(lambda: not self.alive(), _EXTRA):
            self._send(signal.SIGKILL)
            poll_until(lambda: not self.alive(), _EXTRA)

    def _send(self, number: signal.Signals) -> None:
        if self._handle is not None and self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._handle.pid, number)

    def _check(self) -> None:
        done = subprocess.run(  # noqa: S603 - as above
            list(self._proxy.check_command()),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=CHECK_TIMEOUT,
            check=False,
        )
        if done.returncode:
            said = (done.stdout + done.stderr).decode("utf-8", "replace")
            raise refused(self._proxy, said)
