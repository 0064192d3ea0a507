"""The ``deployer`` command: parse, call, print. No logic lives here."""

import click

from deployer.cli.lazy import Lazy, LazyGroup

__all__ = ["main"]

EPILOG = """\b
Exit codes:
   0 ok                         7 changes found, if asked for
   1 error                      8 cancelled
   2 usage or configuration     9 timeout
   3 credentials or permission 10 partial success: a cloud is behind
   4 cloud or network down     11 integrity or signature failure
   5 policy violation          12 drill objective missed
   6 not found                130 interrupted

\b
Examples:
  deployer train penguins.csv --target species --out model/
  deployer evaluate model/ fresh.csv --html report.html
  deployer emulators up
  deployer push model/ penguins --clouds aws,gcp,azure --emulators
  deployer pull penguins@champion out/ --from gcp --emulators
"""

SECTIONS = {
    "Models": {
        "train": Lazy(
            "deployer.cli.train:train", "Train a classifier from a table and package it."
        ),
        "evaluate": Lazy("deployer.cli.evaluate:evaluate", "Score a model on labelled rows."),
        "predict": Lazy(
            "deployer.cli.predict:predict", "Predict rows with a folder, an endpoint or a router."
        ),
        "push": Lazy("deployer.cli.push:push", "Publish a model to every cloud as one version."),
        "pull": Lazy("deployer.cli.pull:pull", "Fetch a version, verified, from any cloud."),
        "list": Lazy("deployer.cli.list_:list_", "List models and their versions."),
        "show": Lazy("deployer.cli.show:show", "Show one version and where it is."),
        "diff": Lazy("deployer.cli.diff:diff", "Show what is different between two versions."),
        "history": Lazy("deployer.cli.history:history", "Show who moved which alias, and why."),
        "alias": Lazy("deployer.cli.alias:alias", "Point a name such as champion at a version."),
        "promote": Lazy("deployer.cli.promote:promote", "Release a version on every cloud."),
        "rollback": Lazy("deployer.cli.rollback:rollback", "Go back to the version before."),
        "delete": Lazy("deployer.cli.delete:delete", "Take a version back on every cloud."),
    },
    "Serving": {
        "serve": Lazy(
            "deployer.cli.serve:serve", "Answer requests with a model, over HTTP and gRPC."
        ),
        "router": Lazy(
            "deployer.cli.router:router", "Put endpoints behind one address that fails over."
        ),
        "rollout": Lazy(
            "deployer.cli.rollout:rollout", "Give a version more and more of the requests."
        ),
    },
    "Infrastructure": {
        "plan": Lazy("deployer.cli.plan:plan", "Review what our programs would make, offline."),
        "review": Lazy("deployer.cli.review:review", "Review any Pulumi Python program, offline."),
        "cost": Lazy("deployer.cli.cost:cost", "Estimate what endpoints cost a month."),
        "preview": Lazy("deployer.cli.preview:preview", "Ask the engine what would change."),
        "up": Lazy("deployer.cli.up:up", "Make or change endpoints, after a review."),
        "refresh": Lazy("deployer.cli.refresh:refresh", "See what changed behind the program."),
        "outputs": Lazy("deployer.cli.outputs:outputs", "Show what the stacks tell: addresses."),
        "down": Lazy("deployer.cli.down:down", "Take endpoints away; models stay."),
    },
    "Operations": {
        "emulators": Lazy(
            "deployer.cli.emulators:emulators", "Run the three clouds on this machine."
        ),
        "doctor": Lazy("deployer.cli.doctor:doctor", "See whether the clouds can be used."),
        "gc": Lazy("deployer.cli.gc:gc", "Remove what no version needs any more."),
        "drill": Lazy("deployer.cli.drill:drill", "Rehearse the loss of a cloud, and measure."),
        "verify": Lazy("deployer.cli.verify:verify", "Read and hash everything that is stored."),
        "repair": Lazy("deployer.cli.repair:repair", "Bring every cloud what it lacks."),
        "audit": Lazy("deployer.cli.audit:audit", "Show who did what from this machine."),
        "key": Lazy("deployer.cli.key:key", "Make the keys that versions are signed with."),
        "home": Lazy("deployer.cli.home:home", "Show or change which cloud orders publishes."),
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
