"""A small cloud in a file, and providers that stand in for AWS's, Google's and Azure's over it.

With it the real engine previews, makes, repairs and deletes our real programs without an account.
It is never used unless a project says so:

    plugins:
      providers:
        - name: aws
          path: …/infra/simulated/plugins/aws      # plugin_folder("aws")

and it is told what to do by variables: ``DEPLOYER_SIMULATED_STATE`` names the file of the cloud,
``DEPLOYER_SIMULATED_FAULTS`` one that says what fails (`infra.simulated.faults`). Somebody else's
changes come from ``python -m infra.simulated.drift``.

The engine runs the executable ``pulumi-resource-NAME`` of the folder that a project names. A
``PulumiPlugin.yaml`` with ``runtime: python`` would do the same, but the language host then insists
on a virtual environment inside that folder.
"""

from pathlib import Path

__all__ = ["FAULTS", "PROVIDERS", "STATE", "plugin_folder", "plugins"]

STATE = "DEPLOYER_SIMULATED_STATE"
FAULTS = "DEPLOYER_SIMULATED_FAULTS"
PROVIDERS = ("aws", "gcp", "azure-native")


def plugin_folder(provider: str) -> Path:
    """Return the folder that a project names as the path of a provider's plugin.

    Raises:
        ValueError: there is no simulated provider of that name.

    """
    if provider not in PROVIDERS:
        raise ValueError(f"{provider} is not simulated; {', '.join(PROVIDERS)} are")
    return Path(__file__).with_name("plugins") / provider


def plugins() -> dict[str, Path]:
    """Return provider → folder, for all of them."""
    return {name: plugin_folder(name) for name in PROVIDERS}
