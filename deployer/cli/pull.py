"""``deployer pull``."""

import uuid
from collections.abc import Sequence
from pathlib import Path

import click

from deployer.cli.audited import audited
from deployer.cli.clouds import cloud_options
from deployer.cli.options import shared_options
from deployer.cli.output import Output, human_bytes, human_files
from deployer.cli.progress import CloudProgress
from deployer.cli.trust import trust_of
from deployer.config import Settings, cache_dir
from deployer.errors import DamagedError, MissingError, UsageError
from deployer.registry.cloud import Cloud
from deployer.registry.format.names import parse_reference
from deployer.registry.reading.cache import BlobCache
from deployer.registry.reading.pull import Pulled
from deployer.registry.reading.pull import pull as pull_version
from deployer.registry.reading.resolve import Resolved
from deployer.registry.reading.trust import read_bundle
from providers.errors import StoreError

__all__ = ["blob_cache", "pull"]

FASTEST = "fastest"


@click.command()
@click.argument("reference", metavar="REF")
@click.argument("target", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--from",
    "source",
    metavar="CLOUD|fastest",
    help="Only from this cloud; or ask all at once and take the quickest.",
)
@click.option(
    "--allow-stale", is_flag=True, help="Believe an alias that is older than what was seen."
)
@click.option("--no-cache", is_flag=True, help="Fetch everything, keep nothing.")
@click.option(
    "--signature-out",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write the version's signature bundle there, for other programs to verify.",
)
@shared_options
@cloud_options
def pull(
    reference: str,
    target: Path,
    *,
    source: str | None,
    allow_stale: bool,
    no_cache: bool,
    signature_out: Path | None,
    clouds: list[Cloud],
    settings: Settings,
    output: Output,
) -> None:
    """Fetch a version, verified, from any cloud.

    REF is NAME (the latest), NAME:3, NAME@champion or NAME@sha256:DIGEST. Every byte is checked
    against the manifest, and DIR appears whole or not at all. A cloud that fails or serves wrong
    bytes is passed over, unless --from names the only one to use.

    An alias that is older than what this machine has seen is refused: somebody may want you to
    run a version that was replaced. Signatures are checked as [signing] says, before anything is
    fetched. Exits with 11 if no cloud has the version as it was promised.

    \b
    Examples:
      deployer pull penguins out/
      deployer pull penguins@champion out/ --from gcp
      deployer pull penguins@champion out/ --from fastest
      deployer pull penguins:3 out/ -o json
      deployer pull penguins out/ --signature-out out.sig
    """  # noqa: D301 - click wants the backspace itself
    parsed = parse_reference(reference)
    trust = trust_of(settings, clouds, allow_stale=allow_stale)
    chosen, fastest = _choose(clouds, source)
    label = "pull"
    bundles: list[bytes] = []
    with (
        audited(output, "pull", clouds=[cloud.name for cloud in chosen]) as act,
        CloudProgress(output) as progress,
    ):
        act.model, act.version = parsed.name, parsed.version

        def begin(resolved: Resolved) -> None:
            act.version, act.digest = resolved.version, resolved.digest
            if signature_out:
                bundles.append(_bundle(resolved, chosen))
            progress.begin(label, resolved.manifest.size)

        pulled = pull_version(
            chosen,
            parsed,
            target,
            progress=lambda count: progress.advance(label, count),
            begin=begin,
            trust=trust,
            cache=None if no_cache else blob_cache(settings),
            fastest=fastest,
        )
        progress.finish(label, None)
        if signature_out:
            _write(signature_out, bundles[0])
    for cloud, reason in pulled.skipped.items():
        output.warn(f"{cloud} was passed over: {reason}")
    for doubt in pulled.resolved.doubts:
        output.warn(doubt)
    if output.json:
        output.emit(_document(pulled, target))
    else:
        _print(pulled, target, output)


def _choose(clouds: list[Cloud], source: str | None) -> tuple[list[Cloud], bool]:
    """Return the clouds to ask, and whether all at once."""
    if not source:
        return clouds, False
    named = [cloud for cloud in clouds if cloud.name == source]
    if named or source == FASTEST:
        return named or clouds, not named
    raise UsageError(f"unknown cloud {source!r}", hint="see: deployer config show")


def blob_cache(settings: Settings) -> BlobCache | None:
    """Return the cache of contents that were fetched; None if none is wanted."""
    limit = settings.transfer.cache
    return BlobCache(cache_dir() / "blobs", limit) if limit else None


def _bundle(resolved: Resolved, clouds: Sequence[Cloud]) -> bytes:
    """Return the version's signature bundle, from whichever cloud has it.

    Raises:
        MissingError: the version is not signed.

    """
    sha256 = resolved.manifest.signature
    if sha256 is None:
        raise MissingError(
            f"this version of {resolved.name} is not signed",
            where=resolved.cloud.store.url,
            hint="leave --signature-out away",
        )
    failed: list[StoreError | DamagedError] = []
    for cloud in (resolved.cloud, *(each for each in clouds if each is not resolved.cloud)):
        try:
            return read_bundle(cloud, sha256)
        except (StoreError, DamagedError) as error:
            failed.append(error)
    raise failed[0]


def _write(path: Path, body: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        temporary.write_bytes(body)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _document(pulled: Pulled, target: Path) -> dict[str, object]:
    resolved = pulled.resolved
    signed = resolved.signed
    return {
        "model": resolved.name,
        "version": resolved.version,
        "manifest": f"sha256:{resolved.digest}",
        "target": str(target),
        "files": len(resolved.manifest.files),
        "bytes": resolved.manifest.size,
        "sources": pulled.sources,
        "cached": pulled.cached,
        "skipped": pulled.skipped,
        "signed": {"by": signed.signer, "covers": signed.covers} if signed else None,
        "doubts": list(resolved.doubts),
    }


def _print(pulled: Pulled, target: Path, output: Output) -> None:
    resolved = pulled.resolved
    version = f":{resolved.version}" if resolved.version else ""
    sources = [*pulled.sources, *(["the cache"] if pulled.cached else [])]
    origin = f", from {', '.join(sources)}" if sources else ""
    output.done(
        f"{resolved.name}{version} → {target} ({human_files(len(resolved.manifest.files))}, "
        f"{human_bytes(resolved.manifest.size)}{origin})"
    )
    if resolved.signed:
        only = "" if resolved.signed.covers == "manifest" else " (the files, not the manifest)"
        output.done(f"signed by {resolved.signed.signer}{only}")
