"""Where the frozen registries are, and how their plain files are read."""

from pathlib import Path

__all__ = ["CORPUS", "EXPECTED", "read_store", "stores"]

CORPUS = Path(__file__).parent
EXPECTED = "expected.json"


def read_store(folder: Path) -> dict[str, bytes]:
    """Return the objects of a frozen store: key → bytes."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def stores() -> list[Path]:
    """Return the folders of all frozen stores, of every format."""
    formats = CORPUS.glob("format-*")
    return sorted(path for each in formats for path in each.iterdir() if path.is_dir())
