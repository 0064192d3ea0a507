"""``deployer cost``."""

from pathlib import Path

import click

from deployer.cli.options import shared_options
from deployer.cli.output import Output
from deployer.cli.plan import local_of
from deployer.cli.reviews import assumed, price_list, print_lines
from deployer.config import load

__all__ = ["cost"]


@click.command()
@click.option(
    "--clouds",
    "listed",
    metavar="A,B,…",
    help="Of aws, gcp, azure, local; default: [infra] clouds.",
)
@click.option(
    "--prices",
    type=click.Path(path_type=Path),
    help="Price list of your own. [the one that comes with deployer]",
)
@click.option(
    "--assume",
    multiple=True,
    metavar="NAME=N",
    help="Assume so, such as requests=5000000, model_gb=0.5 or seconds=0.02.",
)
@shared_options
def cost(
    *,
    listed: str | None,
    prices: Path | None,
    assume: tuple[str, ...],
    output: Output,
) -> None:
    """Estimate what the endpoints of [infra] cost a month; asks nobody, not even the network.

    By public list prices of the date that is shown, without free tiers, taxes and discounts. What
    is not known to the list is named as not estimated. -v shows what each line is made of.

    \b
    Examples:
      deployer cost --clouds aws,gcp,azure
      deployer cost --assume requests=20000000 --prices ours.json -v
    """  # noqa: D301 - click wants the backspace itself
    taken, listing = assumed(assume), price_list(prices)
    from msgspec import to_builtins  # noqa: PLC0415 - not needed for --help

    from deployer.reviewing.planning import (  # noqa: PLC0415 - as above
        configs_of,
        digest_of,
        recorded,
    )
    from deployer.reviewing.terminal_cost import cost_lines  # noqa: PLC0415 - as above
    from deployer.stacks.configuration import chosen_clouds, stack_name  # noqa: PLC0415 - as above
    from infra.review.cost import cost as estimate  # noqa: PLC0415 - as above

    settings = load().settings
    clouds = chosen_clouds(settings, listed)
    configs = configs_of(settings, clouds, digest_of(settings, None, ())[0])
    local = local_of(settings, stack_name(settings)) if "local" in clouds else None
    programs = [each.program for each in recorded(settings, configs, local=local)]
    found = estimate(programs, listing, configs, assume=taken)
    if output.json:
        output.emit(to_builtins(found))
        return
    print_lines(cost_lines(found, verbose=output.verbose > 0), output)
    for source in found.sources.values() if output.verbose else ():
        output.say(f"  {source.page}, {source.seen}: {source.url}")
