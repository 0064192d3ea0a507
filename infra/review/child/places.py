"""Which line of a program asked for something."""

import sysconfig
import traceback
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import unquote, urlsplit

__all__ = ["Places"]

_STANDARD = sysconfig.get_path("stdlib")
_OURS = str(Path(__file__).parent)


class Places:
    """Lines, told relative to a program's folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[str, str] = {}
        self._raised: dict[int, tuple[BaseException, dict[str, Any] | None]] = {}

    def first(self, frames: Iterable[tuple[str, int]]) -> dict[str, Any] | None:
        """Return the first of these (file, line) that is the program's own; None if there is none.

        A file in the program's folder is preferred to one elsewhere; libraries are passed over.
        """
        other = None
        for file, line in frames:
            name = self._names.get(file)
            if name is None:
                name = self._names[file] = self._name(file)
            if name and not name.startswith("/"):
                return {"file": name, "line": line}
            if name and other is None:
                other = {"file": name, "line": line}
        return other

    def asked(self, request: Any) -> dict[str, Any] | None:
        """Return where a request of Pulumi's SDK was made."""
        frames = [each.pc for each in request.stackTrace.frames] or [request.sourcePosition]
        return self.first((unquote(urlsplit(each.uri).path), each.line) for each in frames)

    def frame(self, frame: FrameType | None) -> dict[str, Any] | None:
        """Return the innermost line of the program that this frame was called from."""
        return self.first((each[0].f_code.co_filename, each[1]) for each in _outwards(frame))

    def remember(self, error: BaseException) -> None:
        """Keep the line that an exception came from, while it still knows."""
        if id(error) not in self._raised:
            self._raised[id(error)] = (error, self.raised(error))

    def raised(self, error: BaseException | None) -> dict[str, Any] | None:
        """Return the innermost line of the program that an exception went through."""
        seen: set[int] = set()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            if id(error) in self._raised:
                return self._raised[id(error)][1]
            frames = traceback.extract_tb(error.__traceback__)
            place = self.first((each.filename, each.lineno or 0) for each in reversed(frames))
            if place:
                return place
            error = error.__cause__ or error.__context__
        return None

    def _name(self, file: str) -> str:
        """Return a file's name as it is told; "" for a library's."""
        if not file or file.startswith(("<", _OURS)):
            return ""
        path = Path(file)
        if path.is_relative_to(self._folder):
            inside = path.relative_to(self._folder)
            return "" if _library(inside) else str(inside)
        if _library(path) or path.is_relative_to(_STANDARD):
            return ""
        return str(path)


def _library(path: Path) -> bool:
    return "site-packages" in path.parts or "dist-packages" in path.parts


def _outwards(frame: FrameType | None) -> Iterable[tuple[FrameType, int]]:
    while frame is not None:
        yield frame, frame.f_lineno
        frame = frame.f_back
