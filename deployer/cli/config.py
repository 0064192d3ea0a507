"""``deployer config``."""

from typing import Any

import click
import msgspec

from deployer.cli.options import shared_options
from deployer.cli.output import Output
from deployer.config import load

__all__ = ["config"]


@click.group()
def config() -> None:
    """Show the settings and where they come from.

    \b
    Examples:
      deployer config show --origin
    """  # noqa: D301 - click wants the backspace itself


@config.command("show")
@click.option("--origin", is_flag=True, help="Say where each setting comes from.")
@shared_options
def show(*, origin: bool, output: Output) -> None:
    """Show every setting that is in force.

    \b
    Examples:
      deployer config show --origin
      DEPLOYER_TRANSFER_WORKERS=8 deployer config show -o json
    """  # noqa: D301 - click wants the backspace itself
    loaded = load()
    flat = _flat(msgspec.to_builtins(loaded.settings))
    origins = {name: loaded.origins.get(name, "default") for name in flat}
    if output.json:
        output.emit(
            {name: {"value": value, "origin": origins[name]} for name, value in flat.items()}
            if origin
            else flat
        )
        return
    rows = [
        [name, _shown(value), origins[name]][: 3 if origin else 2] for name, value in flat.items()
    ]
    output.table(["setting", "value", "origin"][: 3 if origin else 2], rows)


def _flat(document: dict[str, Any], at: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in document.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{at}{key}.")
        else:
            flat[f"{at}{key}"] = value
    return flat


def _shown(value: object) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
