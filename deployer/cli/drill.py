"""``deployer drill``."""

import click

from deployer.cli.lazy import Lazy, LazyGroup

__all__ = ["drill"]

SECTIONS = {
    "Commands": {
        "list": Lazy("deployer.cli.drill_list:list_", "List the drills there are."),
        "run": Lazy("deployer.cli.drill_run:run", "Break something on purpose, and measure."),
        "report": Lazy("deployer.cli.drill_report:report", "Show or check what a drill left."),
        "schema": Lazy("deployer.cli.drill_list:schema", "Print the JSON Schema of scenarios."),
    },
}


@click.group(cls=LazyGroup, sections=SECTIONS)
def drill() -> None:
    """Rehearse the loss of a cloud before the day: break it, measure RTO and RPO, keep the proof.

    A drill starts emulated clouds, real servers and a real router on this machine, asks them
    steadily, breaks something, watches, mends it and looks at every object. Whatever happens, it
    undoes what it did and leaves nothing running.

    \b
    Examples:
      deployer drill list
      deployer drill run bucket-gone
      deployer drill run --all --out drills/
      deployer drill report drills/ --check
    """  # noqa: D301 - click wants the backspace itself
