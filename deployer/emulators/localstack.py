"""S3 by LocalStack 4.12, the last that needs no licence token, in an environment of its own."""

import hashlib
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from deployer.emulators.install import install_once, run_installer
from deployer.emulators.model import Cloud, EngineName, Launch, Progress
from deployer.emulators.packages import script
from deployer.emulators.paths import cache_folder, tools_folder
from deployer.emulators.ports import HOST
from deployer.emulators.s3 import S3

__all__ = ["LocalStack"]

VERSION = "4.12.0"
_LOCK = Path(__file__).with_name("tools") / "localstack.txt"


class LocalStack(S3):
    """LocalStack's gateway with S3 alone."""

    name: EngineName = "localstack"
    cloud: Cloud = "aws"
    ports = 1
    keeps_data = False
    patience = 120.0

    def version(self) -> str:
        """Return the locked version."""
        return VERSION

    def prepare(self, progress: Progress) -> None:
        """Make its environment, which takes a minute, unless it is there."""
        lock = _LOCK.read_bytes()

        def build(folder: Path) -> None:
            progress(f"installing LocalStack {VERSION} (once, about a minute)")
            _make_environment(folder)

        key = f"{hashlib.sha256(lock).hexdigest()} {sys.version_info[0]}.{sys.version_info[1]}"
        install_once(_folder(), key, build, move=False)

    def launch(self, ports: Sequence[int], data: Path, *, keep: bool) -> Launch:
        """Return how to run it: no licence, no telemetry, no downloads, nothing in the home."""
        environment = {
            "GATEWAY_LISTEN": f"{HOST}:{ports[0]}",
            # Its own default is a public name, which it would look up.
            "LOCALSTACK_HOST": f"localhost:{ports[0]}",
            "LOCALSTACK_VOLUME_DIR": str(data),
            "FILESYSTEM_ROOT": str(data),
            "HOME": str(data),
            # Its cache of plugins, which would be stale after the environment is made again.
            "XDG_CACHE_HOME": str(_folder() / "cache"),
            "TMPDIR": str(data),
            "SERVICES": "s3",
            "STRICT_SERVICE_LOADING": "1",
            "EAGER_SERVICE_LOADING": "1",
            "ACTIVATE_PRO": "0",
            "DISABLE_EVENTS": "1",
            "SKIP_SSL_CERT_DOWNLOAD": "1",
            "SKIP_INFRA_DOWNLOADS": "1",
            "DNS_ADDRESS": "0",
        }
        python = str(_folder() / "bin" / "python")
        return Launch([python, "-P", "-m", "localstack.runtime.main"], environment)


def _folder() -> Path:
    return tools_folder() / f"localstack-{VERSION}"


def _make_environment(folder: Path) -> None:
    """Fill `folder` with a virtual environment: by uv where it is there, five times quicker."""
    uv = shutil.which("uv", path=f"{script('uv').parent}{os.pathsep}{os.environ.get('PATH', '')}")
    make = [sys.executable, "-m", "venv", *(["--without-pip"] if uv else []), str(folder)]
    run_installer(make, folder=folder, environment={}, doing="making LocalStack's environment")
    python = str(folder / "bin" / "python")
    tool = _uv(uv, python) if uv else _pip(python)
    cache = cache_folder()
    run_installer(
        [*tool, "--quiet", "--require-hashes", "--no-deps", "-r", str(_LOCK)],
        folder=folder,
        environment={
            "PIP_CACHE_DIR": str(cache / "pip"),
            "UV_CACHE_DIR": str(cache / "uv"),
            # What builds the source distributions among the packages is locked as well; the name
            # of the variable depends on pip's version.
            "PIP_CONSTRAINT": str(_LOCK),
            "PIP_BUILD_CONSTRAINT": str(_LOCK),
        },
        doing="installing LocalStack",
    )


def _uv(uv: str, python: str) -> list[str]:
    options = ["--python", python, "--no-config", "--build-constraints", str(_LOCK)]
    return [uv, "pip", "install", *options]


def _pip(python: str) -> list[str]:
    return [python, "-m", "pip", "install", "--disable-pip-version-check"]
