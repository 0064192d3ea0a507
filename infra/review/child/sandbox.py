"""Asks the kernel to keep this process from the network and from starting programs.

A seccomp filter (https://docs.kernel.org/userspace-api/seccomp_filter.html) needs no privilege and
binds native code, threads and forked processes too. Where there is none (other systems, other
machines), the audit hook of `infra.review.child.guard` is what there is.
"""

import ctypes
import errno
import platform
import struct
import sys

__all__ = ["hold"]

_NO_NEW_PRIVILEGES = 38
_SECCOMP = 22
_FILTER = 2

_LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_AT_LEAST = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K
_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000 | errno.EACCES

# Offsets in struct seccomp_data.
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_UNIX = 1
_OTHER_ABI = 0x40000000  # x32

# Machine → its audit number, `socket`, and what is always refused: connect, execve, execveat,
# ptrace, setsid and setpgid (so that ending the group ends everything), io_uring_setup.
_MACHINES = {
    "x86_64": (0xC000003E, 41, (42, 59, 322, 101, 112, 109, 425)),
    "aarch64": (0xC00000B7, 198, (203, 221, 281, 117, 157, 154, 425)),
}


def hold() -> bool:
    """Refuse sockets (but those of the machine itself), connections and programs from now on.

    Returns:
        whether the kernel does it.

    """
    machine = _MACHINES.get(platform.machine())
    if machine is None or not sys.platform.startswith("linux"):
        return False
    code = _program(*machine)
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    try:
        prctl = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return False
    zero = ctypes.c_ulong(0)
    if prctl(_NO_NEW_PRIVILEGES, ctypes.c_ulong(1), zero, zero, zero) != 0:
        return False
    return bool(prctl(_SECCOMP, ctypes.c_ulong(_FILTER), program, zero, zero) == 0)


def _program(architecture: int, socket: int, refused: tuple[int, ...]) -> bytes:
    """Return the filter's instructions; jumps count from the next one."""
    checks = len(refused)
    # The last five: socket, load, family, allow, refuse.
    code = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_EQUAL, architecture, no=checks + 6),
        _step(_LOAD, _NUMBER),
        _step(_AT_LEAST, _OTHER_ABI, yes=checks + 4),
    ]
    code += [_step(_EQUAL, each, yes=checks - at + 3) for at, each in enumerate(refused)]
    code += [
        _step(_EQUAL, socket, no=2),
        _step(_LOAD, _FIRST_ARGUMENT),
        _step(_EQUAL, _UNIX, no=1),
        _step(_RETURN, _ALLOW),
        _step(_RETURN, _REFUSE),
    ]
    return b"".join(code)


def _step(code: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("HBBI", code, yes, no, value)
