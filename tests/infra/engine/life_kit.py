"""A cloud of our own for a test: the real engine, our real programs, the simulated providers."""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from deployer.errors import MissingError
from deployer.stacks.acts import Engine, Target, export
from deployer.stacks.configuration import program_config
from deployer.stacks.engine import pulumi_command
from deployer.stacks.workspace import Home
from infra.configuration import Cloud, EndpointConfig
from infra.simulated import FAULTS, STATE, plugins
from infra.simulated.cloud import Cloud as Simulated
from infra.simulated.cloud import State, Thing

CLOUDS: tuple[Cloud, ...] = ("aws", "gcp", "azure")
PACK = Path(__file__).parents[3] / "infra" / "policy" / "pack"
_PLACES = {
    "aws": ("eu-central-1", "s3://penguin-models", ""),
    "gcp": ("europe-west3", "gs://penguin-models", "penguin-project"),
    "azure": (
        "germanywestcentral",
        "az://penguinmodels/models",
        "00000000-0000-4000-8000-000000000001",
    ),
    "local": ("local", "", ""),
}


def needed(what: str) -> None:
    """Skip a test that needs the engine, unless we were told that it must be there."""
    try:
        pulumi_command()
    except MissingError:
        if what in os.environ.get("DEPLOYER_TEST_REQUIRE", "").split(","):
            raise
        pytest.skip("there is no pulumi: make pulumi")


def endpoint(cloud: Cloud, **changes: Any) -> EndpointConfig:
    """Return what the tests deploy."""
    region, stores, project = _PLACES[cloud]
    config = EndpointConfig(
        name="penguins",
        cloud=cloud,
        region=region,
        model="penguins",
        digest="ab" * 32,
        stores=stores,
        image="registry.example/penguins@sha256:" + "cd" * 32,
        owner="ml-team",
        residency=("EU",),
        project=project,
    )
    if changes:
        fields = {each: getattr(config, each) for each in config.__struct_fields__}
        return EndpointConfig(**{**fields, **changes})
    return config


@dataclass(frozen=True)
class Life:
    """A home of stacks and the simulated cloud under it."""

    folder: Path
    engine: Engine

    @property
    def state(self) -> Path:
        return self.folder / "cloud.json"

    def cloud(self) -> State:
        return Simulated(self.state).read()

    def things(self, type_: str) -> list[Thing]:
        return [each for each in self.cloud().things.values() if each.type == type_]

    def faults(self, *faults: dict[str, Any]) -> None:
        (self.folder / "faults.json").write_text(json.dumps(faults))

    def policed(self) -> Engine:
        return replace(self.engine, policy_packs=(PACK,))

    def target(self, cloud: Cloud, **changes: Any) -> Target:
        return Target(cloud, "test", program_config(endpoint(cloud, **changes)))


@contextmanager
def life(folder: Path) -> Iterator[Life]:
    """Give a home in `folder`; the providers are told of it by variables of this process."""
    told = {
        STATE: str(folder / "cloud.json"),
        FAULTS: str(folder / "faults.json"),
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    home = Home(folder / "home", (folder / "states").absolute().as_uri(), plugins=plugins())
    try:
        yield Life(folder, Engine(home))
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        shutil.rmtree(folder / "home", ignore_errors=True)


def paths(steps: Sequence[Any]) -> dict[str, list[str]]:
    """Return type → paths of properties that change."""
    return {each.type: [change.path for change in each.changes] for each in steps}


def unprotected(there: Life, target: Target) -> list[str]:
    """Return the URNs that the user must agree to lose."""
    state = export(there.engine, target)
    return [each["urn"] for each in state.get("resources", ()) if each.get("protect")]


def processes(folder: Path, *words: str) -> list[int]:
    """Return the processes that know of a folder, and whose command lines hold these words."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            ours = str(folder).encode() in (each / "environ").read_bytes()
            line = (each / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if ours and all(word.encode() in line for word in words):
            found.append(int(each.name))
    return found
