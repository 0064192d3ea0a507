"""What `deployer serve` says when it is ready."""

import json
import os
from typing import TYPE_CHECKING

import click

from deployer.cli.output import Output, printable

if TYPE_CHECKING:
    from deployer.serving.run.supervise import Ready

__all__ = ["announce"]


def announce(ready: "Ready", output: Output) -> None:
    """Print one line of JSON for programs, or addresses and an example for people."""
    if output.json:
        document = {
            "ready": True,
            "pid": os.getpid(),
            "url": ready.url,
            "grpc": ready.grpc,
            "admin": ready.admin,
            "models": [
                {
                    "name": model.name,
                    "version": model.version,
                    "digest": model.digest,
                    "source": model.source,
                }
                for model in ready.models
            ],
        }
        click.echo(json.dumps(document))
        return
    lines = [("REST", ready.url), ("gRPC", ready.grpc), ("admin", ready.admin)]
    for model in ready.models:
        version = f":{model.version}" if model.version else ""
        origin = f"from {model.source}" if model.version else model.source
        lines.append((f"{model.name}{version}", f"sha256:{model.digest} {origin}"))
    width = max(len(name) for name, _ in lines)
    shown = [f"  {name:<{width}}   {value}" for name, value in lines if value]
    first = ready.models[0].name if ready.models else "MODEL"
    example = f'curl -H "X-API-Key: $DEPLOYER_API_KEY" {ready.url}/v2/models/{first}'
    click.echo(printable_lines(["", *shown, "", f"  {example}", ""]))


def printable_lines(lines: list[str]) -> str:
    """Return lines that cannot steer a terminal."""
    return "\n".join(printable(line) for line in lines)
