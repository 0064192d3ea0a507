"""What tests of deleting a version share."""

from collections.abc import Callable, Mapping
from pathlib import Path

from deployer.registry.cloud import Cloud
from tests.deployer.registry.registry_kit import push

MakeFolder = Callable[[Mapping[str, bytes]], Path]

TIMEOUT = 60

STEP = 11  # of the quick variants: every eleventh request


def publish_three(clouds: list[Cloud], make_folder: MakeFolder, state: Path) -> None:
    for number in (1, 2, 3):
        aliases = ("champion",) if number == 1 else ()
        push(clouds, make_folder({"a": b"%d" % number}), state=state, aliases=aliases)
