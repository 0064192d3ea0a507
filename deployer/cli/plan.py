"""``deployer plan``."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deployer.cli.options import shared_options
from deployer.cli.output import Output
from deployer.cli.reviews import (
    FORMATS,
    assumed,
    check_formats,
    conclude,
    formats,
    last_kept,
    price_list,
    report_options,
    severity,
)
from deployer.config import Settings, load
from deployer.errors import UsageError

if TYPE_CHECKING:
    from deployer.reviewing.review import Subject
    from infra.local.configuration import LocalConfig
    from infra.resources import Program

__all__ = ["local_of", "plan"]


@click.command()
@click.option(
    "--clouds",
    "listed",
    metavar="A,B,…",
    help="Of aws, gcp, azure, local; default: [infra] clouds.",
)
@click.option(
    "--against",
    multiple=True,
    metavar="last|none|FILE",
    help="What to compare with: the last plan, nothing, or files of plans or exported states. [last]",
)
@click.option(
    "--digest",
    metavar="HEX",
    help="Of the version that is served; no registry is asked. [as before, else unknown]",
)
@report_options
@formats(*FORMATS)
@shared_options
def plan(
    *,
    listed: str | None,
    against: tuple[str, ...],
    digest: str | None,
    expect_no_changes: bool,
    save: bool,
    fail_on: str,
    prices: Path | None,
    assume: tuple[str, ...],
    out: Path | None,
    timeout: float,
    output: Output,
) -> None:
    """Review the programs of [infra] before they run: no account, no engine, no network.

    Shows what would be created, changed, replaced and deleted, what breaks a policy, how the
    clouds differ from each other, what it would cost a month, and where everything would be.

    Exits with 5 if a finding is as severe as --fail-on, or more; with 7 if there are changes and
    --expect-no-changes is given.

    \b
    Examples:
      deployer plan --clouds aws,gcp,azure
      deployer plan --clouds aws --against state.json --expect-no-changes
      deployer plan -o markdown --out comment.md
    """  # noqa: D301 - click wants the backspace itself
    check_formats(output, out)
    taken, listing = assumed(assume), price_list(prices)
    from deployer.reviewing.planning import (  # noqa: PLC0415 - not needed for --help
        configs_of,
        digest_of,
        recorded,
        suppressions_of,
    )
    from deployer.reviewing.plans import key_of  # noqa: PLC0415 - as above
    from deployer.reviewing.review import review  # noqa: PLC0415 - as above
    from deployer.stacks.configuration import chosen_clouds, stack_name  # noqa: PLC0415 - as above

    settings = load().settings
    clouds = chosen_clouds(settings, listed)
    stack = stack_name(settings)
    keys: dict[str, str] = {cloud: key_of(stack, cloud) for cloud in clouds}
    before = _before(against or ("last",), keys)
    served, note = digest_of(settings, digest, [program for program, _ in before.values()])
    configs = configs_of(settings, clouds, served)
    local = local_of(settings, stack) if "local" in clouds else None
    found = review(
        [
            _with_before(each, before.get(each.program.cloud))
            for each in recorded(settings, configs, local=local, timeout=timeout)
        ],
        prices=listing,
        today=datetime.now(UTC).date(),
        suppressions=suppressions_of(settings),
        assume=taken,
        fail_on=severity(fail_on),
        notes=[note] if note else [],
    )
    conclude(
        found,
        output,
        keys=keys if save else {},
        out=out,
        title=f"{stack} on {', '.join(clouds)}",
        expect_no_changes=expect_no_changes,
    )


def local_of(settings: Settings, stack: str) -> "LocalConfig":
    """Return what the program for this machine is told besides."""
    from deployer.cli.stacks_options import local_folder  # noqa: PLC0415 - not needed for --help
    from deployer.stacks.configuration import local_config  # noqa: PLC0415 - as above

    registry = settings.push.clouds or list(settings.clouds)
    return local_config(settings, folder=local_folder(stack), directory=Path.cwd(), clouds=registry)


def _with_before(subject: "Subject", before: "tuple[Program, str] | None") -> "Subject":
    from msgspec.structs import replace  # noqa: PLC0415 - not needed for --help

    return replace(subject, before=before[0], against=before[1]) if before else subject


def _before(against: Sequence[str], keys: Mapping[str, str]) -> "dict[str, tuple[Program, str]]":
    """Return what each cloud is compared with, and what that is called.

    Raises:
        UsageError: a file is of none of the clouds, or `last` or `none` stand beside others.
        MissingError: a file is not there.

    """
    from deployer.reviewing.plans import programs_in  # noqa: PLC0415 - not for --help

    if len(against) > 1 and {"last", "none"} & set(against):
        raise UsageError(
            "last and none go with nothing else", where="--against", hint="name files only"
        )
    if against[0] == "none":
        return {}
    if against[0] == "last":
        kept = {cloud: last_kept(key, "plan") for cloud, key in keys.items()}
        return {cloud: each for cloud, each in kept.items() if each is not None}
    found: dict[str, tuple[Program, str]] = {}
    for name in against:
        programs = programs_in(Path(name))
        matching = {cloud: each for cloud, each in programs.items() if cloud in keys}
        if not matching:
            raise UsageError(
                f"it is of {', '.join(programs) or 'nothing'}, not of {', '.join(keys)}",
                where=name,
                hint="name the plan or the state of one of these clouds",
            )
        found |= {cloud: (each, name) for cloud, each in matching.items()}
    return found
