"""The few places where Pulumi's SDK is listened to, for it has no public way."""

import importlib.machinery
import sys
from pathlib import Path
from typing import Any

import pulumi

from infra.review.child.monitor import Recorder
from infra.review.child.places import Places

__all__ = ["leave_clean", "listen", "make_room", "unlock"]


def listen(recorder: Recorder, places: Places) -> None:
    """Tell the recorder the class of each resource, who asked for it, and types of answers."""
    module: Any = sys.modules["pulumi.resource"]
    for name in ("register_resource", "read_resource"):
        _listen_to(module, name, recorder, places)
    invokes: Any = sys.modules["pulumi.runtime.invoke"]
    before = invokes._invoke  # noqa: SLF001 - there is no public way

    def invoke(tok: str, props: Any, opts: Any, typ: Any, *args: Any, **options: Any) -> Any:
        if typ is not None:
            recorder.types[tok] = typ
        return before(tok, props, opts, typ, *args, **options)

    invokes._invoke = invoke  # noqa: SLF001
    _remember_lines(places)


def _remember_lines(places: Places) -> None:
    """Keep where an exception of an `apply` came from: futures give it on without its traceback."""
    output: Any = pulumi.Output
    before = output.apply

    def apply(self: Any, func: Any, *args: Any, **options: Any) -> Any:
        def run(value: Any) -> Any:
            try:
                return func(value)
            except Exception as error:
                places.remember(error)
                raise

        return before(self, run, *args, **options)

    output.apply = apply


def _listen_to(
    module: Any,
    function: str,
    recorder: Recorder,
    places: Places,
) -> None:
    before = getattr(module, function)

    def ask(res: Any, ty: str, name: str, *args: Any, **options: Any) -> Any:
        recorder.classes.setdefault(ty, type(res))
        place = places.frame(sys._getframe(1))  # noqa: SLF001 - the only way to one's caller
        recorder.asked.setdefault((ty, name), place)
        return before(res, ty, name, *args, **options)

    setattr(module, function, ask)


def unlock(locked: frozenset[str]) -> None:
    """Let encrypted values be read as numbers, switches and objects too."""
    for method, value in (("_get_int", 1), ("_get_float", 1.0), ("_get_bool", False)):
        _stand_in(pulumi.Config, method, locked, value)


def _stand_in(cls: type, method: str, locked: frozenset[str], value: object) -> None:
    before = getattr(cls, method, None)
    if before is None:
        return

    def read(self: Any, key: str, *args: Any, **options: Any) -> Any:
        return value if self.full_key(key) in locked else before(self, key, *args, **options)

    setattr(cls, method, read)


def make_room(folder: Path) -> None:
    """Let a program in this folder import a package of its own that is called as ours is."""
    if importlib.machinery.PathFinder.find_spec("infra", [str(folder)]) is None:
        return
    for name in [each for each in sys.modules if each == "infra" or each.startswith("infra.")]:
        del sys.modules[name]


def leave_clean(folder: Path) -> None:
    """Write no `__pycache__` into the program's folder."""
    loader: Any = importlib.machinery.SourceFileLoader
    before = loader._cache_bytecode  # noqa: SLF001 - there is no public way but for all files

    def cache(self: Any, source: str, target: str, data: bytes) -> None:
        path = Path(source)
        if "site-packages" in path.parts or not path.is_relative_to(folder):
            before(self, source, target, data)

    loader._cache_bytecode = cache  # noqa: SLF001
