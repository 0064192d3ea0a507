"""The real engine refuses what the pack's mandatory policies find, and lets good programs pass."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from deployer.errors import MissingError
from deployer.stacks.engine import pulumi_command
from infra.simulated import STATE, plugin_folder

PACK = Path(__file__).parents[3] / "infra" / "policy" / "pack"
PROGRAM = """\
import pulumi
import pulumi_gcp as gcp

gcp.storage.Bucket(
    "models",
    location="EUROPE-WEST3",
    uniform_bucket_level_access=True,
    public_access_prevention={prevention!r},
    opts=pulumi.ResourceOptions(protect=True),
)
"""
Preview = Callable[..., "subprocess.CompletedProcess[str]"]

pytestmark = pytest.mark.slow


def engine() -> Path:
    """Return the engine; without it the test is skipped, unless it was said to be needed."""
    try:
        return pulumi_command()
    except MissingError:
        if "pulumi" in os.environ.get("DEPLOYER_TEST_REQUIRE", "").split(","):
            raise
        pytest.skip("there is no pulumi: make pulumi")


@pytest.fixture(scope="module")
def preview(tmp_path_factory: pytest.TempPathFactory) -> Preview:
    command = engine()
    folder = tmp_path_factory.mktemp("pack")
    project = {
        "name": "proof",
        "runtime": {"name": "python", "options": {"toolchain": "pip"}},
        "plugins": {"providers": [{"name": "gcp", "path": str(plugin_folder("gcp"))}]},
    }
    # JSON is YAML too.
    (folder / "Pulumi.yaml").write_text(json.dumps(project))
    (folder / "states").mkdir()
    environment = {
        **os.environ,
        "PATH": os.pathsep.join(
            [str(command.parent), str(Path(sys.executable).parent), os.environ["PATH"]]
        ),
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_BACKEND_URL": (folder / "states").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "GOOGLE_PROJECT": "penguins",
        STATE: str(folder / "cloud.json"),
    }

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(command), *arguments, "--non-interactive", "--color", "never"],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def previewed(
        prevention: str, config: Mapping[str, Any] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        (folder / "__main__.py").write_text(PROGRAM.format(prevention=prevention))
        (folder / "config.json").write_text(json.dumps(config or {}))
        told = ("--policy-pack-config", str(folder / "config.json")) if config else ()
        return run("preview", "--policy-pack", str(PACK), *told)

    made = run("stack", "init", "test")
    assert made.returncode == 0, made.stderr
    return previewed


def test_a_bad_bucket_is_refused(preview: Preview) -> None:
    found = preview("inherited")
    assert found.returncode != 0
    assert "[mandatory]" in found.stdout
    assert "DEP023" in found.stdout
    assert "nothing keeps this bucket from being made public" in found.stdout


def test_a_good_bucket_passes(preview: Preview) -> None:
    found = preview("enforced")
    assert found.returncode == 0, found.stdout + found.stderr
    assert "[mandatory]" not in found.stdout
    # Advice is given: it has neither versions nor logs nor labels.
    assert "[advisory]" in found.stdout
    assert "DEP024" in found.stdout
    assert "DEP034" not in found.stdout


def test_a_demand_in_the_configuration_refuses_it(preview: Preview) -> None:
    found = preview("enforced", {"DEP000": {"demands": {"residency": ["us"]}}})
    assert found.returncode != 0
    assert "DEP036" in found.stdout
    assert "it is in europe-west3 (de), and bound to us" in found.stdout


def test_a_suppression_lets_the_bad_bucket_pass(preview: Preview) -> None:
    pardon = {"rule": "DEP023", "resource": "models", "reason": "tried", "until": "2999-01-01"}
    found = preview("inherited", {"DEP000": {"suppressions": [pardon]}})
    assert found.returncode == 0, found.stdout + found.stderr
    assert "DEP023" not in found.stdout
