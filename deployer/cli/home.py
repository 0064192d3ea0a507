"""``deployer home``."""

import sys
from dataclasses import asdict

import click

from deployer.cli.audited import audited
from deployer.cli.clouds import cloud_options
from deployer.cli.options import shared_options
from deployer.cli.output import Output
from deployer.cli.places import keep_out
from deployer.config import Settings, state_dir
from deployer.errors import ExitCode, UsageError
from deployer.registry.cloud import Cloud
from deployer.registry.homes.divergence import Divergent
from deployer.registry.homes.home import join
from deployer.registry.homes.promotion import promote, survey
from deployer.registry.homes.reconcile import Reconciled
from deployer.registry.homes.reconcile import reconcile as bring_back
from deployer.registry.homes.reconcile import survey as compare
from deployer.registry.homes.roles import roles

__all__ = ["home"]


@click.group()
def home() -> None:
    """Show or change which cloud orders publishes.

    \b
    Examples:
      deployer home show
      deployer home promote gcp
    """  # noqa: D301 - click wants the backspace itself


@home.command()
@shared_options
@cloud_options
def show(*, clouds: list[Cloud], settings: Settings, output: Output) -> None:
    """Show which cloud is the home, and how the others stand to it.

    "Alone" counts the versions that a cloud has and the home has not.

    \b
    Examples:
      deployer home show
      deployer home show -o json | jq -r '.[] | select(.role == "home").cloud'
    """  # noqa: D301 - click wants the backspace itself
    found = roles(clouds)
    if output.json:
        output.emit([asdict(each) for each in found])
        return
    output.table(
        ["cloud", "store", "role", "epoch", "versions", "alone"],
        [
            [
                each.cloud,
                each.url,
                each.role,
                _cell(each.epoch),
                _cell(each.versions),
                _cell(each.alone),
            ]
            for each in found
        ],
    )
    for each in found:
        if each.role == "unreachable":
            output.warn(f"{each.cloud} does not answer: {each.problem}")
        if each.role == "unfinished":
            output.warn(f"finish it with: deployer home promote {each.cloud}")
        if each.role == "fenced" or (each.role == "follower" and each.alone):
            output.warn(f"bring it back with: deployer home reconcile {each.cloud}")


def _cell(number: int | None) -> str:
    return "" if number is None else str(number)


@home.command("promote")
@click.argument("cloud", metavar="CLOUD")
@click.option("--minority", is_flag=True, help="Also if no more than half of the clouds answer.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@shared_options
@cloud_options
def promote_(
    cloud: str,
    *,
    minority: bool,
    yes: bool,
    clouds: list[Cloud],
    settings: Settings,
    output: Output,
) -> None:
    """Make CLOUD the home, when the home is lost or shall be another one.

    It first gets every version that any cloud that answers has. The old home is told, if it
    answers; if not, it is kept out when it comes back, until `deployer home reconcile` has
    brought it up. Interrupted? Run the same command again: it finishes the work.

    More than half of all clouds must answer, so that nobody can promote another one at the same
    time. With two clouds, one of them lost, that takes --minority. Exits with 8 if you say no.

    \b
    Examples:
      deployer home promote gcp
      deployer home promote gcp --yes --minority --clouds aws,gcp
    """  # noqa: D301 - click wants the backspace itself
    start = survey(clouds, cloud, state=state_dir())
    if not start.done:
        old = f"{start.home.name} hands over" if start.home else "the home does not answer"
        _confirm(f"Make {cloud} the home? ({old})", output, yes=yes)
    with audited(output, "home promote", clouds=[each.name for each in clouds]) as act:
        promoted = promote(start, minority=minority, keep_out=keep_out(settings))
        act.detail = f"{cloud} is the home of epoch {promoted.epoch}"
    if output.json:
        output.emit(
            {
                "home": promoted.home,
                "epoch": promoted.epoch,
                "changed": promoted.changed,
                "carried": promoted.carried,
                "behind": {name: str(error) for name, error in promoted.behind.items()},
                "unreachable": {name: str(error) for name, error in start.failed.items()},
            }
        )
    else:
        verb = "is now" if promoted.changed else "already is"
        output.done(f"{cloud} {verb} the home (epoch {promoted.epoch})")
    for name, error in {**start.failed, **promoted.behind}.items():
        output.warn(f"{name} has not been told: {error}")


@home.command()
@click.argument("cloud", metavar="CLOUD")
@click.option("--dry-run", is_flag=True, help="Only tell what it has that the home has not.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@shared_options
@cloud_options
def reconcile(
    cloud: str,
    *,
    dry_run: bool,
    yes: bool,
    clouds: list[Cloud],
    settings: Settings,
    output: Output,
) -> None:
    """Bring CLOUD, which was the home or went another way, back under the home.

    Versions that only it has are published again at home under the next free numbers. Its own
    records that differ from the home's are kept below diverged/ before they make way. Moves of
    aliases that only it knows of are kept and told, not done again. Interrupted? Run the same
    command again. Exits with 8 if you say no, with 10 if a cloud is behind.

    \b
    Examples:
      deployer home reconcile aws --dry-run
      deployer home reconcile aws --yes -o json
    """  # noqa: D301 - click wants the backspace itself
    chosen = next((each for each in clouds if each.name == cloud), None)
    if chosen is None:
        raise UsageError(f"unknown cloud {cloud!r}", hint="see: deployer config show")
    registry = join(clouds, home=None, probes=state_dir() / "probes", found_new=False)
    found = compare(registry, chosen)
    if dry_run:
        _report(Reconciled(divergent={each.place: each for each in found}), output, dry_run=True)
        return
    if found:
        if not output.json:
            _table(Reconciled(divergent={each.place: each for each in found}), output)
        _confirm(f"Bring {cloud} back under {registry.home.name}?", output, yes=yes)
    with audited(output, "home reconcile", clouds=[each.name for each in clouds]) as act:
        done = bring_back(registry, chosen, keep_out=keep_out(settings))
        act.detail = f"{cloud}: {len(done.divergent)} diverged, {done.brought} brought"
    _report(done, output, dry_run=False)
    if not output.json:
        output.done(f"{cloud} follows {registry.home.name} (epoch {registry.epoch})")
    for name, error in done.behind.items():
        output.warn(f"{name} is behind: {error}; once it is back, run: deployer repair")
    if done.behind:
        sys.exit(ExitCode.PARTIAL)


def _report(done: Reconciled, output: Output, *, dry_run: bool) -> None:
    if not output.json:
        _table(done, output)
        for what, why in done.kept_out.items():
            output.warn(f"{what} was left out: {why}")
        if not done.divergent:
            output.say("nothing diverged")
        return
    output.emit(
        {
            "divergent": [_row(each, done) for each in done.divergent.values()],
            "brought": None if dry_run else done.brought,
            "left_out": done.kept_out,
            "behind": {name: str(error) for name, error in done.behind.items()},
        }
    )


def _row(each: Divergent, done: Reconciled) -> dict[str, object]:
    place = each.place
    return {
        "kind": place.kind,
        "model": place.model,
        "alias": place.alias or None,
        "number": place.number,
        "version": each.version,
        "manifest": f"sha256:{each.manifest}",
        "at": each.at,
        "by": each.by,
        "home_differs": each.taken,
        "published_as": done.numbers.get(place),
        "record": each.sha256,
    }


def _table(done: Reconciled, output: Output) -> None:
    if not done.divergent:
        return
    output.table(
        ["only there", "at home", "written", "again as"],
        [
            [
                str(place),
                "another" if each.taken else "none",
                each.at,
                f"{place.model}:{done.numbers[place]}" if place in done.numbers else "",
            ]
            for place, each in done.divergent.items()
        ],
    )


def _confirm(question: str, output: Output, *, yes: bool) -> None:
    """Ask, unless told not to.

    Raises:
        UsageError: nobody is there to be asked.

    """
    if yes:
        return
    if output.json or not sys.stdin.isatty():
        raise UsageError("this needs a yes, and nobody can be asked", hint="add --yes")
    if not click.confirm(question, err=True):
        output.say("nothing was changed")
        sys.exit(ExitCode.CANCELLED)
