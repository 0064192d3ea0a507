"""``deployer alias``."""

import sys
import uuid

import click

from deployer.cli.clouds import cloud_options
from deployer.cli.options import shared_options
from deployer.cli.output import Output
from deployer.config import Settings, state_dir
from deployer.errors import ExitCode, UsageError
from deployer.registry.aliases import Move, follow, move
from deployer.registry.cloud import Cloud
from deployer.registry.home import join
from deployer.registry.names import LATEST, check_alias, check_name, parse_reference
from deployer.registry.resolve import resolve

__all__ = ["alias"]


@click.group()
def alias() -> None:
    """Point a name such as champion at a version."""


@alias.command("set")
@click.argument("name", metavar="NAME")
@click.argument("alias_name", metavar="ALIAS")
@click.argument("version", metavar="VERSION")
@shared_options
@cloud_options
def set_(
    name: str,
    alias_name: str,
    version: str,
    *,
    clouds: list[Cloud],
    settings: Settings,
    output: Output,
) -> None:
    """Point ALIAS of the model NAME at VERSION, a number or another alias, on every cloud.

    \b
    Examples:
      deployer alias set penguins champion 3
      deployer alias set penguins champion latest
    """  # noqa: D301 - click wants the backspace itself
    check_name(name)
    if check_alias(alias_name) == LATEST:
        raise UsageError(
            f"{LATEST!r} follows the newest version by itself", hint="choose another alias"
        )
    separator = ":" if version.isdigit() else "@"
    registry = join(clouds, home=settings.push.home, probes=state_dir() / "probes", found_new=False)
    resolved = resolve(registry.home, parse_reference(f"{name}{separator}{version}"))
    assert resolved.version is not None  # noqa: S101 - it was named by number or alias
    wanted = Move(
        model=name,
        alias=alias_name,
        version=resolved.version,
        manifest=resolved.digest,
        epoch=registry.epoch,
        txn=str(uuid.uuid4()),
    )
    record = move(
        registry.home, wanted, allowed=lambda current: current.version != resolved.version
    )
    behind = {**registry.failed, **follow(registry.home, registry.followers, record)}
    if output.json:
        output.emit(
            {
                "model": name,
                "alias": alias_name,
                "version": record.version,
                "seq": record.seq,
                "moved": record.txn == wanted.txn,
                "behind": {cloud: str(error) for cloud, error in behind.items()},
            }
        )
    else:
        verb = "→" if record.txn == wanted.txn else "already pointed at"
        output.done(f"{name}@{alias_name} {verb} {name}:{record.version} (move {record.seq})")
    if behind:
        for cloud, error in behind.items():
            output.warn(f"{cloud} is behind: {error}")
        sys.exit(ExitCode.PARTIAL)
