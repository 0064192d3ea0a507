"""The ``deployer`` command: parse, call, print. No logic lives here."""

import click

from deployer.cli.lazy import Lazy, LazyGroup

__all__ = ["main"]

EPILOG = """\b
Exit codes:
   0 ok                         7 changes found (--expect-no-changes)
   1 error                      8 cancelled
   2 usage or configuration     9 timeout
   3 credentials or permission 10 partial success: a cloud is behind
   4 cloud or network down     11 integrity or signature failure
   5 policy violation          12 drill objective missed
   6 not found                130 interrupted

\b
Examples:
  deployer train penguins.csv --target species --out model/
  deployer emulators up
  deployer push model/ penguins --clouds aws,gcp,azure --emulators
  deployer pull penguins@champion out/ --from gcp --emulators
"""

SECTIONS = {
    "Models": {
        "train": Lazy(
            "deployer.cli.train:train", "Train a classifier from a table and package it."
        ),
        "predict": Lazy("deployer.cli.predict:predict", "Predict rows with a packaged model."),
        "push": Lazy("deployer.cli.push:push", "Publish a model to every cloud as one version."),
        "pull": Lazy("deployer.cli.pull:pull", "Fetch a version, verified, from any cloud."),
        "list": Lazy("deployer.cli.list_:list_", "List models and their versions."),
        "show": Lazy("deployer.cli.show:show", "Show one version and where it is."),
        "alias": Lazy("deployer.cli.alias:alias", "Point a name such as champion at a version."),
    },
    "Operations": {
        "emulators": Lazy(
            "deployer.cli.emulators:emulators", "Run the three clouds on this machine."
        ),
        "config": Lazy("deployer.cli.config:config", "Show the settings and where they come from."),
    },
}


@click.group(
    cls=LazyGroup,
    sections=SECTIONS,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="deployer", message="deployer %(version)s")
def main() -> None:
    """Train a model once, publish it to every cloud as one act, prove they all agree."""
