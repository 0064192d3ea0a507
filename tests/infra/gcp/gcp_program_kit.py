"""Google Cloud's program in some configurations: recorded, or run in this process for numbers.

``python -m tests.infra.gcp.gcp_program_kit`` writes the golden files again; look at the difference.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pulumi
import pulumi_gcp as gcp
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks

from infra.configuration import CONFIG_KEY, EndpointConfig, encode
from infra.gcp.endpoint import Endpoint
from infra.resources import Program, Resource
from infra.review.record import Job, record_all

__all__ = [
    "CONFIGS",
    "GOLDEN",
    "PROGRAM",
    "Made",
    "golden_text",
    "label_property",
    "programs",
    "run",
]

PROGRAM = Path(__file__).parents[3] / "infra" / "gcp"
GOLDEN = Path(__file__).parent / "golden"

_PLAIN = EndpointConfig(
    name="penguins",
    cloud="gcp",
    region="europe-west3",
    model="penguins",
    digest="ab" * 32,
    stores="gs://example-models/registry",
    image=f"registry.example/penguins@sha256:{'cd' * 32}",
    owner="ml-team",
    residency=("EU",),
)

CONFIGS: Mapping[str, EndpointConfig] = {
    "plain": _PLAIN,
    "domain": msgspec.structs.replace(
        _PLAIN,
        domain="penguins.example.com",
        zone="example-zone",
        alarm="ml@example.com",
        budget=100,
        keys="penguins-keys",
        project="example-project",
    ),
    "private": msgspec.structs.replace(_PLAIN, public=False),
}


@cache
def programs() -> Mapping[str, Program]:
    """Return what every configuration asks for, recorded."""
    jobs = [
        Job(PROGRAM, config=_settings(config), cloud="gcp", region=config.region)
        for config in CONFIGS.values()
    ]
    return dict(zip(CONFIGS, record_all(jobs), strict=True))


def _settings(config: EndpointConfig) -> dict[str, str]:
    project = config.project or "example-project"
    return {CONFIG_KEY: encode(config), "gcp:project": project, "gcp:region": config.region}


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
def label_property(token: str) -> str:
    """Return the input that the SDK takes a type's labels by; "" if it has none."""
    module, _, name = token.removeprefix("gcp:").partition(":")
    type_ = getattr(getattr(gcp, module.partition("/")[0]), name)
    for attribute, found in (("user_labels", "userLabels"), ("effective_labels", "labels")):
        if hasattr(type_, attribute):
            return found
    return ""


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
        texts = ("email", "member", "name", "address", "uptimeCheckId", "secretId")
        told: dict[str, Any] = {each: f"{args.name}.{each}" for each in texts}
        told["uri"] = f"https://{args.name}.run.app"
        told["dnsResourceRecords"] = [
            {"name": f"_acme.{args.name}.", "type": "CNAME", "data": "a."}
        ]
        return (f"{args.name}-id", {**told, **args.inputs}) if self.known else (None, args.inputs)

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        answers: dict[str, dict[str, Any]] = {
            "gcp:organizations/getProject:getProject": {"projectId": "example-project"},
            "gcp:storage/getProjectServiceAccount:getProjectServiceAccount": {
                "emailAddress": "service-1@gs-project-accounts.iam.gserviceaccount.com"
            },
        }
        return answers[args.token], []


def run(config: EndpointConfig, *, known: bool = True) -> Made:
    """Run the component in this process."""
    made = Made(known=known)
    pulumi.runtime.set_mocks(made, project="deployer-gcp", stack="test", preview=not known)

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
