"""Switches a protection off in every process of a drill, from outside: what ships has no such switch.

Python runs ``sitecustomize`` at its start wherever it finds one. Ours waits for a module to be
imported and then replaces something in it.
"""

from collections.abc import Mapping
from pathlib import Path

__all__ = ["sabotage"]

_PROGRAM = """
import importlib.machinery, sys

PATCHES = {patches!r}


class Finder:
    def find_spec(self, name, path=None, target=None):
        if name not in PATCHES:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        real = spec.loader.exec_module

        def exec_module(module):
            real(module)
            exec(PATCHES[name], module.__dict__)

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, Finder())
"""


def sabotage(folder: Path, patches: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which `patches`, module → code run in it, are in force."""
    folder.mkdir(parents=True)
    program = _PROGRAM.format(patches=dict(patches))
    (folder / "sitecustomize.py").write_text(program, "utf-8")
    return {"PYTHONPATH": str(folder)}
