"""The commands as a user runs them, with the real engine and our small cloud in a file.

Nothing in the commands knows of the simulated providers: the engine finds them on PATH, as it
finds any provider's plugin that somebody has installed there.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.simulated import FAULTS, PROVIDERS, STATE, plugin_folder
from infra.simulated.cloud import Cloud, State, Thing

WITHIN = 180.0
DIGEST = "ab" * 32
BUCKET = "penguin-models"
_COMMON = f"""\
[infra]
model = "penguins@sha256:{DIGEST}"
owner = "ml-team"
residency = ["EU"]
image = "registry.example/penguins@sha256:{"cd" * 32}"
"""
_CLOUDS = {
    "aws": f'[infra.aws]\nregion = "eu-central-1"\nstores = "s3://{BUCKET}"\n',
    "gcp": f'[infra.gcp]\nregion = "europe-west3"\nproject = "penguins"\nstores = "gs://{BUCKET}"\n',
    "azure": '[infra.azure]\nregion = "germanywestcentral"\n'
    'project = "00000000-0000-4000-8000-000000000001"\nstores = "az://penguinmodels/models"\n',
}


@dataclass(frozen=True)
class Desk:
    """A folder with ``deployer.toml``, a home of its own, and a cloud."""

    folder: Path
    environment: Mapping[str, str]

    @property
    def state(self) -> Path:
        return self.folder / "cloud.json"

    @property
    def audit(self) -> list[dict[str, Any]]:
        """What the audit log tells."""
        log = Path(self.environment["XDG_STATE_HOME"]) / "deployer" / "audit.jsonl"
        return [json.loads(line) for line in log.read_text().splitlines()]

    def things(self, type_: str = "") -> list[Thing]:
        """Return what there is in the cloud, of one type or all."""
        state: State = Cloud(self.state).read()
        return [each for each in state.things.values() if type_ in ("", each.type)]

    def faults(self, *faults: dict[str, Any]) -> None:
        (self.folder / "faults.json").write_text(json.dumps(faults))

    def write(
        self,
        clouds: Sequence[str],
        *,
        common: str = "",
        own: Mapping[str, str] | None = None,
        more: str = "",
    ) -> None:
        """Write ``deployer.toml``: more lines of ``[infra]``, of ``[infra.CLOUD]``, and others."""
        lines = [_COMMON, common, f"clouds = {list(clouds)}\n"]
        lines += [_CLOUDS[each] + (own or {}).get(each, "") for each in clouds]
        (self.folder / "deployer.toml").write_text("".join([*lines, more]), "utf-8")

    def command(self, name: str, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "deployer", name, *arguments]

    def run(self, name: str, *arguments: str, code: int = 0) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end, which nobody watches."""
        done = subprocess.run(
            self.command(name, *arguments),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=WITHIN,
            check=False,
        )
        assert done.returncode == code, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr, done.stderr
        return done


def desk(folder: Path, **more: str) -> Desk:
    """Return a desk in `folder`; `more` are variables of the commands' environment."""
    work = folder / "work"
    work.mkdir(parents=True)
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("DEPLOYER_", "PULUMI_", "AWS_")) or key == "DEPLOYER_PULUMI"
    }
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    homes = {
        name: str(folder / name.lower())
        for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")
    }
    plugins = os.pathsep.join(str(plugin_folder(each)) for each in PROVIDERS)
    told = {
        STATE: str(work / "cloud.json"),
        FAULTS: str(work / "faults.json"),
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PATH": os.pathsep.join([plugins, kept.get("PATH", "")]),
        "NO_COLOR": "1",
        "COLUMNS": "200",
    }
    return Desk(work, {**kept, **homes, **told, **more})
