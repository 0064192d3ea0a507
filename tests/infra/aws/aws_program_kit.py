"""AWS's program in some configurations: recorded for a look, or run in this process for numbers.

``python -m tests.infra.aws.aws_program_kit`` writes the golden files again; look at the difference.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pulumi
import pulumi_aws as aws
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks

from infra.aws.endpoint import Endpoint
from infra.configuration import CONFIG_KEY, EndpointConfig, encode
from infra.resources import Program, Resource
from infra.review.record import Job, record_all

__all__ = [
    "CONFIGS",
    "GOLDEN",
    "PROGRAM",
    "Made",
    "golden_text",
    "programs",
    "run",
    "settings",
    "statements",
    "taggable",
]

PROGRAM = Path(__file__).parents[3] / "infra" / "aws"
GOLDEN = Path(__file__).parent / "golden"

_PLAIN = EndpointConfig(
    name="penguins",
    cloud="aws",
    region="eu-central-1",
    model="penguins",
    digest="ab" * 32,
    stores="s3://example-models/registry",
    image=f"registry.example/penguins@sha256:{'cd' * 32}",
    owner="ml-team",
    residency=("EU",),
)
_DOMAIN = {"domain": "penguins.example.com", "zone": "Z0123456789"}

CONFIGS: Mapping[str, EndpointConfig] = {
    "serverless": _PLAIN,
    "serverless-domain": msgspec.structs.replace(
        _PLAIN, **_DOMAIN, budget=100, alarm="ml@example.com", keys="penguins/keys"
    ),
    "service": msgspec.structs.replace(_PLAIN, compute="service", **_DOMAIN),
    "service-private": msgspec.structs.replace(
        _PLAIN, compute="service", public=False, keys="penguins/keys", budget=100, **_DOMAIN
    ),
}


@cache
def programs() -> Mapping[str, Program]:
    """Return what every configuration asks for, recorded."""
    jobs = [
        Job(PROGRAM, config=settings(config), cloud="aws", region=config.region)
        for config in CONFIGS.values()
    ]
    return dict(zip(CONFIGS, record_all(jobs), strict=True))


def settings(config: EndpointConfig) -> dict[str, str]:
    """Return the program's configuration."""
    return {CONFIG_KEY: encode(config), "aws:region": config.region}


def golden_text(program: Program) -> str:
    """Return what a program asks for, without what changes with every edit of a source."""
    kept = [_kept(each) for each in sorted(program, key=lambda each: each.urn)]
    return (
        json.dumps({"outputs": program.outputs, "resources": kept}, indent=1, sort_keys=True) + "\n"
    )


def _kept(resource: Resource) -> dict[str, Any]:
    inputs = {name: _readable(value) for name, value in resource.inputs.items() if name != "code"}
    return {
        "type": resource.type,
        "name": resource.name,
        "inputs": inputs,
        **({"protect": True} if resource.protect else {}),
    }


def _readable(value: Any) -> Any:
    """Return a policy as the document that it is."""
    if isinstance(value, str) and value.startswith(("{", "[")):
        return json.loads(value)
    return value


def statements(resource: Resource, name: str = "policy") -> list[dict[str, Any]]:
    """Return the statements of a resource's policy."""
    document: dict[str, Any] = json.loads(resource.inputs[name])
    found: list[dict[str, Any]] = document["Statement"]
    return found


@cache
def taggable(token: str) -> bool:
    """Return whether the SDK lets a type of resource be tagged."""
    module, _, name = token.removeprefix("aws:").partition(":")
    service = module.partition("/")[0].replace("lambda", "lambda_")
    return hasattr(getattr(getattr(aws, service), name), "tags")


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
        texts = (
            *("arn", "keyId", "executionArn", "invokeArn", "apiEndpoint", "fqdn", "name"),
            *("version", "dnsName", "zoneId", "arnSuffix", "prefixListId"),
        )
        told = {each: f"{args.name}.{each}" for each in texts} if self.known else {}
        return f"{args.name}-id" if self.known else None, {**told, **args.inputs}

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        answers: dict[str, dict[str, Any]] = {
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": "123456789012"},
            "aws:index/getAvailabilityZones:getAvailabilityZones": {"names": ["a", "b", "c"]},
        }
        return answers[args.token], []


def run(config: EndpointConfig, *, known: bool = True) -> Made:
    """Run the component in this process."""
    made = Made(known=known)
    pulumi.runtime.set_mocks(made, project="deployer-aws", stack="test", preview=not known)

    @pulumi.runtime.test  # type: ignore[untyped-decorator]  # the SDK has no types for it
    def program() -> Any:
        return Endpoint(config).outputs.url

    program()
    return made


def _main() -> None:
    GOLDEN.mkdir(exist_ok=True)
    for name, program in programs().items():
        (GOLDEN / f"{name}.json").write_text(golden_text(program), "utf-8")


if __name__ == "__main__":
    _main()
