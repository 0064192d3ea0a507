"""Azure Blob Storage by Azurite, on Node.js.

It is installed by npm from the lock file beside this module, which names versions and hashes but no
registry. Three packages are replaced by an empty one (``overrides`` in package.json): the telemetry
client and two SQL drivers. Azurite loads the drivers only for an SQL backend and the client only
to send telemetry, both of which are off, and they are 300 of its 365 MB.
"""

import base64
import hashlib
import hmac
import shutil
import subprocess
from collections.abc import Sequence
from email.utils import formatdate
from pathlib import Path

import msgspec

from deployer.emulators.install import install_once, run_installer
from deployer.emulators.loopback import PATIENCE, expect, request
from deployer.emulators.model import Cloud, EngineName, Launch, Progress
from deployer.emulators.paths import cache_folder, tools_folder
from deployer.emulators.ports import HOST
from deployer.errors import MissingError

__all__ = ["ACCOUNT", "Azurite", "connection_string"]

ACCOUNT = "devstoreaccount1"
# The account key that Microsoft publishes for local development, the same on every machine:
# https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_API = "2021-12-02"
_CREATED, _FORBIDDEN, _CONFLICT = 201, 403, 409
_FILES = Path(__file__).with_name("tools") / "azurite"
_SCRIPT = Path("node_modules/azurite/dist/src/blob/main.js")
_OLDEST_NODE = 20
_GET_NODE = "install Node.js 20 or later (with npm) and run it again"


def connection_string(endpoint: str) -> str:
    """Return what Azure's SDKs need to reach Azurite."""
    return (
        f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={_KEY};"
        f"BlobEndpoint={endpoint};"
    )


class Azurite:
    """The blob service of Azurite, in memory or on disk."""

    name: EngineName = "azurite"
    cloud: Cloud = "azure"
    ports = 1
    keeps_data = True
    patience = 60.0

    def version(self) -> str:
        """Return the locked version."""
        document = msgspec.json.decode((_FILES / "package.json").read_bytes())
        return str(document["dependencies"]["azurite"])

    def prepare(self, progress: Progress) -> None:
        """Install Azurite, which takes some seconds, unless it is there."""
        _node()
        if not shutil.which("npm") and not self._installed() and shutil.which("azurite-blob"):
            return
        self._install(progress)

    def launch(self, ports: Sequence[int], data: Path, *, keep: bool) -> Launch:
        """Return how to run it."""
        run = [_node(), str(self._folder() / _SCRIPT)]
        if not self._installed():
            run = [shutil.which("azurite-blob") or "azurite-blob"]
        place = ["--blobHost", HOST, "--blobPort", str(ports[0])]
        chosen = ["--location", str(data)] if keep else ["--inMemoryPersistence"]
        quiet = ["--skipApiVersionCheck", "--disableTelemetry", "--silent"]
        return Launch([*run, *place, *chosen, *quiet])

    def litter(self, ports: Sequence[int]) -> list[str]:
        """Return no files: it leaves nothing behind."""
        return []

    def endpoint(self, port: int) -> str:
        """Return the account's URL."""
        return f"http://{HOST}:{port}/{ACCOUNT}"

    def healthy(self, endpoint: str) -> bool:
        """Whether it refuses a request without a signature, as only a blob service would."""
        answer = request("GET", f"{endpoint}?comp=list", headers={"x-ms-version": _API})
        if answer is None or answer.status != _FORBIDDEN:
            return False
        return answer.headers.get("server", "").startswith("Azurite-Blob/")

    def create_bucket(self, endpoint: str, name: str) -> None:
        """Create the container `name`, which may exist already."""
        headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": _API}
        headers["Authorization"] = _signature(name, headers)
        answer = request(
            "PUT", f"{endpoint}/{name}?restype=container", headers=headers, timeout=PATIENCE
        )
        expect(answer, {_CREATED, _CONFLICT}, f"creating container {name}")

    def environment(self, endpoint: str) -> dict[str, str]:
        """Return the variable of Azure's SDKs."""
        return {"AZURE_STORAGE_CONNECTION_STRING": connection_string(endpoint)}

    def _folder(self) -> Path:
        return tools_folder() / f"azurite-{self.version()}"

    def _installed(self) -> bool:
        return (self._folder() / _SCRIPT).exists()

    def _install(self, progress: Progress) -> None:
        lock = (_FILES / "package-lock.json").read_bytes()

        def build(folder: Path) -> None:
            npm = shutil.which("npm")
            if not npm:
                raise MissingError("npm, which installs Azurite, is not on PATH", hint=_GET_NODE)
            progress(f"installing Azurite {self.version()} (once, some seconds)")
            for name in ("package.json", "package-lock.json"):
                shutil.copy(_FILES / name, folder / name)
            # No script of any package runs; Azurite needs none.
            options = ["--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund"]
            quiet = ["--prefer-offline", "--no-update-notifier", "--loglevel=error"]
            run_installer(
                [npm, "ci", *options, *quiet, f"--cache={cache_folder() / 'npm'}"],
                folder=folder,
                environment={},
                doing="installing Azurite",
            )

        install_once(self._folder(), hashlib.sha256(lock).hexdigest(), build, move=True)


def _node() -> str:
    node = shutil.which("node")
    if not node:
        raise MissingError("Azurite needs Node.js, which is not on PATH", hint=_GET_NODE)
    shown = subprocess.run(  # noqa: S603
        [node, "--version"], capture_output=True, text=True, check=False
    ).stdout.strip()
    major = shown.removeprefix("v").partition(".")[0]
    if major.isdigit() and int(major) < _OLDEST_NODE:
        raise MissingError(f"Azurite needs Node.js {_OLDEST_NODE}, here is {shown}", hint=_GET_NODE)
    return node


def _signature(container: str, headers: dict[str, str]) -> str:
    """Sign the creation of a container; "Authorize with Shared Key" in the REST reference.

    The account stands twice in the resource: Azurite has it in the path, not in the host name.
    """
    own = "".join(f"{name}:{value}\n" for name, value in sorted(headers.items()))
    resource = f"/{ACCOUNT}/{ACCOUNT}/{container}\nrestype:container"
    text = "PUT" + "\n" * 12 + own + resource
    digest = hmac.new(base64.b64decode(_KEY), text.encode(), hashlib.sha256).digest()
    return f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}"
