"""A command's argument that is a model directory or a version in the registry."""

from pathlib import Path

from deployer.cli.clouds import cloud_options
from deployer.cli.output import Output
from deployer.config import Settings, load
from deployer.errors import MissingError
from deployer.registry.cloud import Cloud
from deployer.registry.format.names import parse_reference
from deployer.registry.reading.pull import pull

__all__ = ["fetch", "is_directory"]


def is_directory(model: str) -> bool:
    """Return whether MODEL means a directory; what has a slash in it cannot be a version."""
    return "/" in model or model.startswith(".") or Path(model).exists()


def fetch(
    reference: str, target: Path, *, clouds: str | None, emulators: bool, output: Output
) -> None:
    """Fetch a version into the folder `target`.

    Args:
        reference: NAME, NAME:3, NAME@champion or NAME@sha256:DIGEST.
        target: a folder that does not exist yet.
        clouds: names, separated by commas; None for those of the settings.
        emulators: whether to use those that run on this machine.
        output: to speak with.

    Raises:
        UsageError: it is no reference, or a cloud is unknown.
        MissingError: no cloud is configured.
        StoreError, DeployerError: no cloud could serve it, or none may.

    """
    parse_reference(reference)
    if not emulators and not load().settings.clouds:
        raise MissingError(
            "no such directory, and no cloud is configured that could have such a version",
            where=reference,
            hint="name the model's directory",
        )
    _fetch(
        reference,
        target,
        output=output,
        names=clouds,
        emulators=emulators,
        concurrency=None,
        timeout=None,
    )


@cloud_options
def _fetch(
    reference: str, target: Path, *, clouds: list[Cloud], settings: Settings, output: Output
) -> None:
    """Fetch a version as ``deployer pull`` does, under the same rules of trust."""
    from deployer.cli.progress import CloudProgress  # noqa: PLC0415 - directories need none of it
    from deployer.cli.pull import blob_cache  # noqa: PLC0415 - as above
    from deployer.cli.trust import trust_of  # noqa: PLC0415 - as above

    with CloudProgress(output) as progress:
        pulled = pull(
            clouds,
            parse_reference(reference),
            target,
            progress=lambda count: progress.advance("pull", count),
            begin=lambda resolved: progress.begin("pull", resolved.manifest.size),
            trust=trust_of(settings, clouds),
            cache=blob_cache(settings),
        )
        progress.finish("pull", None)
    for cloud, reason in pulled.skipped.items():
        output.warn(f"{cloud} was passed over: {reason}")
    for doubt in pulled.resolved.doubts:
        output.warn(doubt)
    version = f":{pulled.resolved.version}" if pulled.resolved.version else ""
    output.done(f"fetched {pulled.resolved.name}{version}")
