"""Where the commands of the router find a version's golden answers: folders, or the registry."""

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from deployer.cli.clouds import cloud_options
from deployer.cli.output import Output
from deployer.config import Settings, load
from deployer.registry.cloud import Cloud

if TYPE_CHECKING:
    from deployer.packaging.documents import Golden
    from deployer.routing.answers import Answers

__all__ = ["answers_for", "fetched", "golden_options"]


def golden_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--model-dir --clouds --emulators``."""
    for option in (
        click.option(
            "--emulators",
            is_flag=True,
            envvar="DEPLOYER_EMULATORS",
            help="Use the clouds that `deployer emulators up` started.",
        ),
        click.option("--clouds", metavar="A,B,…", help="Which clouds to fetch golden rows from."),
        click.option(
            "--model-dir",
            "folders",
            metavar="FOLDER",
            multiple=True,
            type=click.Path(path_type=Path),
            help="A model directory with golden rows, instead of the registry; may be repeated.",
        ),
    ):
        command = option(command)
    return command


def answers_for(
    model: str,
    folders: Sequence[Path],
    *,
    keep: Path,
    clouds: str | None,
    emulators: bool,
    output: Output,
) -> "Answers":
    """Return the golden answers by digest: of `folders`, of `keep`, and of the registry's clouds.

    Raises:
        DeployerError: a folder is no whole model directory.

    """
    from deployer.routing.answers import Answers  # noqa: PLC0415 - not needed for --help

    registry = emulators or bool(load().settings.clouds)

    def fetch(digest: str) -> "Golden":
        found: Golden = _fetch(
            model,
            digest,
            output=output,
            names=clouds,
            emulators=emulators,
            concurrency=None,
            timeout=None,
        )
        return found

    return Answers(folders, keep=keep, fetch=fetch if registry else None)


@cloud_options
def _fetch(
    model: str, digest: str, *, clouds: list[Cloud], settings: Settings, output: Output
) -> "Golden":
    return fetched(model, digest, clouds, settings)


def fetched(model: str, digest: str, clouds: Sequence[Cloud], settings: Settings) -> "Golden":
    """Return the golden answers of a version, fetched and believed as ``deployer pull`` does.

    Raises:
        StoreError, DeployerError: no cloud could serve it, or none may.

    """
    from deployer.cli.pull import blob_cache  # noqa: PLC0415 - folders need none of it
    from deployer.cli.trust import trust_of  # noqa: PLC0415 - as above
    from deployer.gate.models import Shelf  # noqa: PLC0415 - as above
    from deployer.routing.answers import golden_of_folder  # noqa: PLC0415 - as above

    with TemporaryDirectory() as folder:
        shelf = Shelf(clouds, trust_of(settings, clouds), blob_cache(settings), Path(folder))
        _, golden = golden_of_folder(shelf.fetch(model, digest))
    return golden
