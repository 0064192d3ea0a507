"""What importing the command line loads: click and the standard library, nothing that costs time.

Each cloud's SDK takes up to a second to import, scikit-learn three: a command pays for what it
uses, and `--help` for nothing.
"""

import json
import subprocess
import sys
from collections.abc import Sequence

import pytest

ALLOWED = {"click", "deployer"}
# Of a command's own help; the SDKs are not among them.
ALLOWED_FOR_COMMANDS = ALLOWED | {"infra", "msgspec", "providers", "rfc8785", "typing_extensions"}
# Put into every process by an installation, not by us.
FURNITURE = {"__main__", "__mp_main__", "_distutils_hack", "_virtualenv", "sitecustomize"}
HEAVY = [
    "asyncio",
    "azure",
    "boto3",
    "botocore",
    "cryptography",
    "google",
    "model_signing",
    "msgspec",
    "numpy",
    "onnx",
    "onnxruntime",
    "pandas",
    "pulumi",
    "pulumi_aws",
    "pulumi_azure_native",
    "pulumi_gcp",
    "requests",
    "rich",
    "skl2onnx",
    "sklearn",
    "skops",
    "urllib3",
]
COMMANDS = [
    ["push"],
    ["pull"],
    ["list"],
    ["show"],
    ["alias"],
    ["alias", "set"],
    ["diff"],
    ["history"],
    ["promote"],
    ["rollback"],
    ["key"],
    ["key", "new"],
    ["key", "show"],
    ["delete"],
    ["gc"],
    ["home"],
    ["home", "show"],
    ["home", "promote"],
    ["home", "reconcile"],
    ["config"],
    ["config", "show"],
    ["train"],
    ["evaluate"],
    ["predict"],
    ["emulators"],
    ["audit"],
    ["doctor"],
    ["verify"],
    ["repair"],
    ["serve"],
    ["router"],
    ["router", "render"],
    ["router", "check"],
    ["router", "run"],
    ["rollout"],
    ["key", "api", "new"],
    ["plan"],
    ["review"],
    ["cost"],
    ["preview"],
    ["up"],
    ["refresh"],
    ["outputs"],
    ["down"],
    ["drill"],
    ["drill", "list"],
    ["drill", "run"],
    ["drill", "report"],
    ["drill", "schema"],
]

SCRIPT = """
import contextlib, io, json, sys
before = set(sys.modules)
from deployer.cli import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    if len(sys.argv) > 1:
        main(prog_name="deployer")
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def loaded(*arguments: str) -> set[str]:
    """Return the modules that a fresh process has loaded at the end of a command."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return set(json.loads(done.stdout))


def packages(modules: set[str]) -> set[str]:
    """Return the top-level names that the standard library does not have."""
    tops = {name.partition(".")[0] for name in modules}
    return {
        top
        for top in tops - set(sys.stdlib_module_names) - FURNITURE
        if not top.startswith("__editable__")
    }


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["--version"], ["nonsense"]])
def test_the_command_line_loads_click_and_nothing_else(arguments: Sequence[str]) -> None:
    modules = loaded(*arguments)
    assert packages(modules) == ALLOWED
    assert not modules & set(HEAVY)
    if not arguments or "help" in arguments[0]:
        commands = {name for name in modules if name.startswith("deployer.cli.")}
        assert commands == {"deployer.cli.lazy"}, "a command was imported to list it"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_help_of_a_command_loads_no_sdk(command: Sequence[str]) -> None:
    modules = loaded(*command, "--help")
    assert packages(modules) <= ALLOWED_FOR_COMMANDS
    heavy = set(HEAVY) - {"msgspec"}
    assert not modules & heavy


def test_a_bad_argument_loads_no_sdk() -> None:
    assert packages(loaded("push")) <= ALLOWED_FOR_COMMANDS
    assert packages(loaded("pull", "Bad Name", "out")) <= ALLOWED_FOR_COMMANDS


def test_every_command_is_covered() -> None:
    from deployer.cli import SECTIONS

    names = {name for section in SECTIONS.values() for name in section}
    assert names <= {command[0] for command in COMMANDS}
