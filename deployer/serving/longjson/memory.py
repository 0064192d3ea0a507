"""Memory that two processes see, given out in parts."""

import mmap
import os

__all__ = ["SharedMemory"]

_STEP = mmap.PAGESIZE  # parts begin at pages
_KEPT = 32 * 1024 * 1024


class SharedMemory:
    """A file without a name, mapped.

    Pages take memory from when they are first written to. Parts are taken from the front, so that
    the same pages are used again and again; what is behind them is given back to the system.

    Args:
        fd: of the file that :meth:`create` made; it stays open.

    Attributes:
        fd: for the other process.
        view: all of it.

    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        size = os.fstat(fd).st_size
        self._map = mmap.mmap(fd, size)
        self.view = memoryview(self._map)
        self._free = [(0, size)]  # where each free part begins and ends, in order
        self._taken: dict[int, int] = {}

    @classmethod
    def create(cls, size: int) -> "SharedMemory":
        """Return new memory of some bytes.

        Raises:
            OSError: there is none to be had.

        """
        fd = os.memfd_create("deployer-long-json", os.MFD_CLOEXEC)
        try:
            os.ftruncate(fd, size)
            return cls(fd)
        except BaseException:
            os.close(fd)
            raise

    def take(self, size: int) -> int | None:
        """Return where a part of so many bytes begins; None if no part is that large."""
        size = max(_STEP, -(-size // _STEP) * _STEP)
        for index, (start, stop) in enumerate(self._free):
            if stop - start >= size:
                rest = [(start + size, stop)] if stop - start > size else []
                self._free[index : index + 1] = rest
                self._taken[start] = start + size
                return start
        return None

    def give(self, start: int) -> None:
        """Take back a part that began there."""
        stop = self._taken.pop(start)
        if stop > _KEPT:
            begin = max(start, _KEPT)
            self._map.madvise(mmap.MADV_REMOVE, begin, stop - begin)
        free = sorted([*self._free, (start, stop)])
        joined = free[:1]
        for begin, end in free[1:]:
            if begin == joined[-1][1]:
                joined[-1] = joined[-1][0], end
            else:
                joined.append((begin, end))
        self._free = joined

    def close(self) -> None:
        """Let go of it; arrays that look at it keep it until they go."""
        os.close(self.fd)
