"""Take out of installed packages what no server reads: ``slim.py SITE-PACKAGES``.

Three kinds, each seen to be unneeded by ``image/check.sh``, which serves without them: what only
compilers, type checkers and test runners read; tools beside the libraries, named in ``UNUSED``; the
descriptions of AWS's services but those that an S3 client and its credentials ask. A name in
``UNUSED`` that matches nothing ends the build: the package has changed, look again. ``RECORD``,
the list of files and hashes in each package, is kept true.
"""

# ruff: noqa: INP001, T201 - a program that image/Containerfile and image/folder.sh run

import csv
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

__all__ = ["SERVICES", "UNUSED", "slim"]

SUFFIXES = {".a", ".c", ".cc", ".cpp", ".cu", ".h", ".hpp", ".pxd", ".pxi", ".pyi", ".pyx"}
FOLDERS = {"test_data", "tests"}
UNUSED = {
    # The C library is for programs in C: the Python module has all of it in itself.
    "onnxruntime": (
        "capi/libonnxruntime.so.*", "datasets", "quantization", "tools", "transformers",
    ),
    "numpy": ("f2py",),
}  # fmt: skip
# For S3, roles and web identities, single sign-on, `aws login`.
SERVICES = {"s3", "signin", "sso", "sso-oidc", "sts"}


def slim(site: Path) -> int:
    """Take it out of a folder of installed packages; return how many bytes it was.

    Args:
        site: the folder.

    Raises:
        LookupError: if something named here is not there.

    """
    saved = 0
    for path in sorted(_needless(site)):
        if path.is_dir():
            saved += sum(each.lstat().st_size for each in path.rglob("*") if each.is_file())
            shutil.rmtree(path)
        elif path.exists():  # else its folder has gone
            saved += path.lstat().st_size
            path.unlink()
    for record in site.glob("*.dist-info/RECORD"):
        _keep_true(record, site)
    return saved


def _needless(site: Path) -> Iterator[Path]:
    for path in site.rglob("*"):
        if path.name in FOLDERS if path.is_dir() else path.suffix in SUFFIXES:
            yield path
    for package, patterns in UNUSED.items():
        for pattern in patterns if (site / package).exists() else ():
            found = list((site / package).glob(pattern))
            if not found:
                raise LookupError(f"{package} has no {pattern}: look again what it has")
            yield from found
    data = site / "botocore" / "data"
    if data.exists():
        services = {each.name: each for each in data.iterdir() if each.is_dir()}
        if not services.keys() >= SERVICES:
            raise LookupError(f"botocore lacks {sorted(SERVICES - services.keys())}")
        yield from (folder for name, folder in services.items() if name not in SERVICES)


def _keep_true(record: Path, site: Path) -> None:
    with record.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file) if (site / row[0]).exists()]
    record.unlink()  # it may be linked to an installer's cache
    with record.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


if __name__ == "__main__":
    print(f"{slim(Path(sys.argv[1])) / 1e6:.0f} MB taken out of {sys.argv[1]}")
