"""Azure's program in some configurations: recorded for a look, or run in this process for numbers.

``python -m tests.infra.azure.azure_program_kit`` writes the golden files again; look at the
difference.
"""

import importlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pulumi
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks

from infra.azure.endpoint import Endpoint
from infra.configuration import CONFIG_KEY, EndpointConfig, encode
from infra.resources import Program, Resource
from infra.review.record import Job, record_all

__all__ = ["CONFIGS", "GOLDEN", "PROGRAM", "Made", "golden_text", "programs", "run", "taggable"]

PROGRAM = Path(__file__).parents[3] / "infra" / "azure"
GOLDEN = Path(__file__).parent / "golden"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000002"

_PLAIN = EndpointConfig(
    name="penguins",
    cloud="azure",
    region="germanywestcentral",
    model="penguins",
    digest="ab" * 32,
    stores="az://examplemodels/registry",
    image=f"registry.example/penguins@sha256:{'cd' * 32}",
    owner="ml-team",
    residency=("EU",),
)
_ZONE = "providers/Microsoft.Network/dnszones/example.com"

CONFIGS: Mapping[str, EndpointConfig] = {
    "plain": _PLAIN,
    "domain": msgspec.structs.replace(
        _PLAIN,
        domain="penguins.example.com",
        zone=f"/subscriptions/{SUBSCRIPTION}/resourceGroups/names/{_ZONE}",
        alarm="ml@example.com",
        keys="penguins-keys",
        image=f"examples.azurecr.io/penguins@sha256:{'cd' * 32}",
        project=SUBSCRIPTION,
    ),
    "private": msgspec.structs.replace(
        _PLAIN, public=False, keys="https://others.vault.azure.net/secrets/penguins-keys"
    ),
}


@cache
def programs() -> Mapping[str, Program]:
    """Return what every configuration asks for, recorded."""
    jobs = [
        Job(PROGRAM, config=_settings(config), cloud="azure", region=config.region)
        for config in CONFIGS.values()
    ]
    return dict(zip(CONFIGS, record_all(jobs), strict=True))


def _settings(config: EndpointConfig) -> dict[str, str]:
    return {
        CONFIG_KEY: encode(config),
        "azure-native:location": config.region,
        "azure-native:subscriptionId": SUBSCRIPTION,
    }


def golden_text(program: Program) -> str:
    """Return what a program asks for, without what changes with every edit of a source."""
    kept = [_kept(each) for each in sorted(program, key=lambda each: each.urn)]
    return (
        json.dumps({"outputs": program.outputs, "resources": kept}, indent=1, sort_keys=True) + "\n"
    )


def _kept(resource: Resource) -> dict[str, Any]:
    return {
        "type": resource.type,
        "name": resource.name,
        "inputs": resource.inputs,
        **({"protect": True} if resource.protect else {}),
    }


@cache
def taggable(token: str) -> bool:
    """Return whether the SDK lets a type of resource be tagged."""
    module, _, name = token.removeprefix("azure-native:").partition(":")
    return hasattr(getattr(importlib.import_module(f"pulumi_azure_native.{module}"), name), "tags")


class Made(Mocks):
    """Says yes to everything, and remembers it.

    Args:
        known: whether what a cloud would tell is told; else everything is unknown, as in a preview.

    """

    def __init__(self, *, known: bool) -> None:
        self.known = known
        self.resources: list[MockResourceArgs] = []

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.resources.append(args)
        texts = ("name", "principalId", "clientId", "loginServer", "defaultDomain", "staticIp")
        told = {each: f"{args.name}.{each}" for each in texts} if self.known else {}
        outputs = {**told, **args.inputs}
        if identity := outputs.get("identity"):
            # A list goes in, and a mapping comes out.
            given = identity["userAssignedIdentities"]
            users: dict[str, Any] = {each: {} for each in given if isinstance(each, str)}
            outputs["identity"] = {**identity, "userAssignedIdentities": users}
        return f"/{args.name}-id" if self.known else None, outputs

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        answers: dict[str, dict[str, Any]] = {
            "azure-native:authorization:getClientConfig": {
                "subscriptionId": SUBSCRIPTION,
                "tenantId": "00000000-0000-0000-0000-000000000003",
            },
        }
        return answers[args.token], []


def run(config: EndpointConfig, *, known: bool = True) -> Made:
    """Run the component in this process."""
    made = Made(known=known)
    pulumi.runtime.set_mocks(made, project="deployer-azure", stack="test", preview=not known)

    def program() -> Any:
        return Endpoint(config).outputs.url

    test: Any = pulumi.runtime.test  # it has no types
    test(program)()
    return made


def _main() -> None:
    GOLDEN.mkdir(exist_ok=True)
    for name, program in programs().items():
        (GOLDEN / f"{name}.json").write_text(golden_text(program), "utf-8")


if __name__ == "__main__":
    _main()
