"""Keeps a program under review from the network and from other programs.

An audit hook (PEP 578) sees every socket, every program started and every library loaded through
Python, and refuses with an exception that names the line; `infra.review.child.sandbox` asks the
kernel for the same where it can, so that native code is held too.
"""

import os
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, NamedTuple, NoReturn

__all__ = ["Guard", "Refusal", "RefusedError"]

_NETWORK = {
    "socket.connect",
    "socket.bind",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.gethostbyaddr",
    "socket.getnameinfo",
    "socket.sendto",
    "socket.sendmsg",
}
_STARTS = {
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.startfile",
    "os.forkpty",
    "pty.spawn",
    "webbrowser.open",
}
_CALLS = {"socket", "connect", "sendto", "system", "popen", "execve", "execv", "execvp", "fork"}


class RefusedError(PermissionError):
    """What the program meets instead of the network."""


class Refusal(NamedTuple):
    """What was refused.

    Attributes:
        kind: ``network`` or ``unsupported``.
        message: one line.
        place: the program's line.

    """

    kind: str
    message: str
    place: dict[str, Any] | None


class Guard:
    """The hook of this process; once set it cannot be taken away.

    Args:
        where: gives the program's line of a frame.
        held: whether the kernel holds native code, so that libraries may be loaded.

    """

    def __init__(
        self, where: Callable[[FrameType | None], dict[str, Any] | None], *, held: bool
    ) -> None:
        self.refusals: list[Refusal] = []
        self._where = where
        self._held = held

    def set(self) -> None:
        """Refuse from now on."""
        sys.addaudithook(self._hook)

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        if event in _NETWORK:
            self._refuse("network", f"the program wants the network ({event}{_target(args)})")
        elif event in _STARTS:
            command = _command(event, args)
            if os.path.basename(command) == "pulumi":  # noqa: PTH119 - no imports in a hook
                self._refuse(
                    "unsupported",
                    "the program drives stacks by Pulumi's Automation API: it cannot be followed",
                )
            self._refuse(
                "unsupported", f"the program starts another program ({command}): it is not run"
            )
        elif event.startswith("ctypes.dl") and not self._held:
            self._library(event, args)

    def _library(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "ctypes.dlopen" and args[0]:
            self._refuse("unsupported", f"the program loads a native library ({args[0]})")
        elif event == "ctypes.dlsym" and len(args) > 1 and args[1] in _CALLS:
            self._refuse("network", f"the program calls {args[1]}() of the operating system")

    def _refuse(self, kind: str, message: str) -> NoReturn:
        place = self._where(sys._getframe(2))  # noqa: SLF001 - the only way to one's caller
        self.refusals.append(Refusal(kind, message, place))
        raise RefusedError(f"{message}; a review gives it none")


def _target(args: tuple[Any, ...]) -> str:
    for each in args:
        if isinstance(each, str):
            return f" {each}"
        if isinstance(each, tuple) and each:
            return f" {each[0]}"
    return ""


def _command(event: str, args: tuple[Any, ...]) -> str:
    for each in args:
        if isinstance(each, (list, tuple)) and each:
            each = each[0]  # noqa: PLW2901 - the command itself
        if isinstance(each, bytes):
            each = os.fsdecode(each)  # noqa: PLW2901
        if isinstance(each, (str, os.PathLike)) and str(each):
            return str(each).split()[0]
    return event
