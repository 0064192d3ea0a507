"""Make the root of the image: this interpreter, what it loads, and nothing else.

``root.py ROOT ENVIRONMENT`` copies the interpreter that runs it, its standard library, every shared
library that these and the packages in ENVIRONMENT load, the certificates of public authorities, and
the few files that a C library reads, to the same places below ROOT. There is no shell, no package
manager, no Perl. What Debian's packages the copied files are of is in ``/var/lib/dpkg/status.d``,
where scanners look for it, with their licences in ``/usr/share/doc``.
"""

# ruff: noqa: INP001, S603 - a program that image/Containerfile runs, with programs of the base

import re
import shutil
import ssl
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

__all__ = ["libraries_of", "main"]

# The parts of the standard library that no server imports.
LEFT_OUT = (
    "__pycache__", "_curses*", "_dbm.*", "_gdbm.*", "_test*", "_tkinter.*", "_xxtest*", "config-*",
    "curses", "dbm", "dist-packages", "ensurepip", "idlelib", "lib2to3", "nis.*", "pydoc_data",
    "readline.*", "site-packages", "test", "tkinter", "turtle.py", "turtledemo",
)  # fmt: skip
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
AUTHORITIES = Path("/usr/share/ca-certificates/mozilla")  # what they are made of
COPIED = ("/etc/ld.so.cache", "/etc/os-release", "/etc/ssl/openssl.cnf")
WRITTEN = {
    "etc/group": "root:x:0:\ndeployer:x:65532:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    "etc/passwd": "root:x:0:0:root:/root:/sbin/nologin\n"
    "deployer:x:65532:65532:deployer:/tmp:/sbin/nologin\n",
}
_LOADED = re.compile(r"^\s*(?:\S+ => )?(/\S+) \(0x", re.MULTILINE)
_EVERYBODYS = 0o1777


def main(root: Path, environment: Path) -> None:
    """Make the root.

    Args:
        root: a folder that does not exist.
        environment: a virtual environment of this interpreter, which is not copied.

    """
    library = Path(sysconfig.get_path("stdlib"))
    _merge_like_base(root)
    shutil.copytree(library, _below(root, library), ignore=shutil.ignore_patterns(*LEFT_OUT))
    copied = [library / "os.py", library / "asyncio" / "__init__.py", AUTHORITIES]
    for link in _links(environment / "bin" / "python"):
        if not link.is_relative_to(environment):
            copied += _copy(link, root)
    modules = [*_below(root, library).rglob("*.so"), *environment.rglob("*.so*")]
    for each in sorted(libraries_of([Path(sys.executable), *modules])):
        if not each.is_relative_to(environment):
            copied += _copy(each, root)
    for each in map(Path, COPIED):
        copied += _copy(each, root) if each.exists() else []
    # Wherever this OpenSSL looks for them.
    copied += _copy(CERTIFICATES, root)
    default = Path(ssl.get_default_verify_paths().openssl_cafile)
    if default != CERTIFICATES:
        _below(root, default).parent.mkdir(parents=True, exist_ok=True)
        _below(root, default).symlink_to(CERTIFICATES)
    for name, text in WRITTEN.items():
        (root / name).write_text(text, "utf-8")
    for name in ("dev", "proc", "run", "srv", "sys", "tmp"):
        (root / name).mkdir()
    (root / "tmp").chmod(_EVERYBODYS)
    _tell_packages(copied, root)


def libraries_of(programs: Iterable[Path]) -> set[Path]:
    """Return every shared library that programs and modules load, by the names they ask for.

    Raises:
        LookupError: if one of them would not be found.

    """
    found = set[Path]()
    for program in programs:
        # It says 1 of what is no dynamic program, such as a linker script.
        done = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)  # noqa: S607
        if "not found" in done.stdout:
            raise LookupError(f"{program}: {done.stdout}")
        found.update(map(Path, _LOADED.findall(done.stdout)))
    return found


def _links(link: Path) -> Iterator[Path]:
    """Yield a link, what it points at, and so on to the file."""
    yield link
    while link.is_symlink():
        link = link.parent / link.readlink()
        yield link


def _merge_like_base(root: Path) -> None:
    root.mkdir(parents=True)
    for name in ("bin", "lib", "lib64", "sbin"):
        if Path("/", name).is_symlink():
            target = Path("/", name).readlink()
            (root / name).symlink_to(target)
            (root / target).mkdir(parents=True, exist_ok=True)
    (root / "etc").mkdir()


def _below(root: Path, path: Path) -> Path:
    """Return where a path of this machine is below the root, through no link of folders."""
    return root / (path.parent.resolve() / path.name).relative_to("/")


def _copy(path: Path, root: Path) -> list[Path]:
    """Copy a file under the name it is asked by; return what was copied."""
    target = _below(root, path)
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.is_symlink() and not target.exists():
        # Links between programs stay links: the interpreter finds its library by them.
        shutil.copy2(path, target, follow_symlinks=path.parent.name != "bin")
    return [path, path.resolve()]


def _tell_packages(copied: Iterable[Path], root: Path) -> None:
    if not shutil.which("dpkg"):
        return
    packages = set[str]()
    for path in copied:
        # Packages name files as they did before /lib became /usr/lib.
        for name in {str(path), str(path.resolve()), str(path.resolve()).removeprefix("/usr")}:
            asked = ["dpkg", "--search", name]
            done = subprocess.run(asked, capture_output=True, text=True, check=False)
            packages.update(line.partition(": ")[0] for line in done.stdout.splitlines())
    told = root / "var" / "lib" / "dpkg" / "status.d"
    told.mkdir(parents=True)
    for package in sorted(packages):
        asked = ["dpkg", "--status", package]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        name = package.partition(":")[0]
        if done.returncode == 0:
            (told / name).write_text(done.stdout, "utf-8")
        licence = Path("/usr/share/doc", name, "copyright")
        if licence.exists():
            _below(root, licence).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(licence, _below(root, licence))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
