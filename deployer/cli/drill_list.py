"""``deployer drill list`` and ``deployer drill schema``."""

from typing import TYPE_CHECKING

import click

from deployer.cli.options import shared_options
from deployer.cli.output import Output

if TYPE_CHECKING:
    from deployer.drills.scenario.model import Objectives, Scenario

__all__ = ["list_", "schema"]


@click.command("list")
@shared_options
def list_(*, output: Output) -> None:
    """List the drills that come with deployer: what is broken, and what must happen.

    A scenario of your own is a YAML file; begin with a copy of one of these.

    \b
    Examples:
      deployer drill list
      deployer drill list -o json | jq -r '.drills[].file'
    """  # noqa: D301 - click wants the backspace itself
    from deployer.drills.running.hindrance import hindrance  # noqa: PLC0415 - not for --help
    from deployer.drills.scenario.load import builtin_files, read  # noqa: PLC0415 - as above

    found = [(read(path), path) for path in builtin_files()]
    found.sort(key=lambda pair: pair[0].number)
    if output.json:
        drills = [
            {**_document(each), "staging": not hindrance(each, writes=False), "file": str(path)}
            for each, path in found
        ]
        output.emit({"drills": drills})
        return
    output.table(
        ["#", "drill", "what is broken", "what must happen", "objectives", "staging"],
        [
            [
                each.number,
                each.name,
                each.title,
                each.must,
                _aims(each.objectives),
                "" if hindrance(each, writes=False) else "yes",
            ]
            for each, _ in found
        ],
    )


@click.command()
@shared_options
def schema(*, output: Output) -> None:
    """Print the JSON Schema of scenarios, which editors check YAML against.

    \b
    Examples:
      deployer drill schema > scenario.schema.json
    """  # noqa: D301 - as above
    from deployer.drills.scenario.load import schema as scenario_schema  # noqa: PLC0415 - as above

    output.emit(scenario_schema())


def _document(scenario: "Scenario") -> dict[str, object]:
    import msgspec  # noqa: PLC0415 - beside its only use

    aims = msgspec.to_builtins(scenario.objectives)
    return {
        "number": scenario.number,
        "name": scenario.name,
        "title": scenario.title,
        "why": scenario.why,
        "must": scenario.must,
        "protects": list(scenario.protects),
        "objectives": aims,
    }


def _aims(objectives: "Objectives") -> str:
    told = []
    if objectives.rto is not None:
        told.append(f"RTO {objectives.rto:g} s")
    if objectives.rpo is not None:
        told.append(f"RPO {objectives.rpo}")
    if objectives.max_failed is not None:
        told.append(f"{objectives.max_failed} failed")
    return ", ".join(told)
