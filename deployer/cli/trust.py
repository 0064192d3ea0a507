"""From settings and flags to what a reader demands of a cloud."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from deployer.cli.places import keep_out
from deployer.cli.signatures import verifier_for
from deployer.config import Settings, state_dir
from deployer.errors import DamagedError
from deployer.registry.cloud import Cloud
from deployer.registry.format.records import Manifest
from deployer.registry.reading.memory import Memory
from deployer.registry.reading.trust import Trust, check_manifest, read_bundle
from deployer.registry.residency.rules import allowed
from providers.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["address_of", "signature_check", "signatures_only", "trust_of"]

_ENDPOINTS = {
    "s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
    "gs": ("STORAGE_EMULATOR_HOST",),
    "az": ("AZURE_STORAGE_CONNECTION_STRING",),
}


def trust_of(
    settings: Settings,
    clouds: Sequence[Cloud],
    *,
    allow_stale: bool = False,
    fetches: bool = True,
) -> Trust:
    """Return what the user demands of what is read.

    Args:
        settings: the user's.
        clouds: all clouds of the command, also those that it will not read from: what was seen
            on one is held against the others.
        allow_stale: as the flag says.
        fetches: whether a version comes to this machine, or is only looked at.

    Raises:
        UsageError: signatures are required, but nobody's are believed; or a key is unusable.

    """
    return Trust(
        memory=_memory(settings, clouds),
        allow_stale=allow_stale,
        verifier=verifier_for(settings),
        require_signature=settings.signing.require_signature,
        require_signed_aliases=settings.signing.require_signed_aliases,
        place=_keep_away(settings) if fetches else _anywhere,
        cloud_place=keep_out(settings),
    )


def signatures_only(settings: Settings) -> Trust:
    """Return what is demanded of a version that stays where it is."""
    return Trust(
        verifier=verifier_for(settings), require_signature=settings.signing.require_signature
    )


def signature_check(settings: Settings) -> "Callable[[Cloud, str, str, Manifest], str] | None":
    """Return what says what is wrong with a version's signature; None if nobody's are believed."""
    trust = signatures_only(settings)
    if trust.verifier is None:
        return None

    def check(cloud: Cloud, model: str, sha256: str, manifest: Manifest) -> str:
        try:
            if manifest.signature is not None:
                read_bundle(cloud, manifest.signature)
        except (DamagedError, StoreError):
            return ""  # a content that is missing or damaged is a finding of its own
        try:
            check_manifest(cloud, model, sha256, manifest, trust)
        except DamagedError as error:
            return error.message
        return ""

    return check


def _anywhere(residency: Sequence[str]) -> str:
    return ""


def _keep_away(settings: Settings) -> "Callable[[Sequence[str]], str]":
    def why(residency: Sequence[str]) -> str:
        if allowed(residency, settings.region):
            return ""
        bound = f"the model is bound to {', '.join(residency)}"
        if settings.region is None:
            return f"{bound}, and where this machine is, is not known: set region"
        return f"{bound}, and this machine is in {settings.region}"

    return why


def _memory(settings: Settings, clouds: Sequence[Cloud]) -> Memory:
    if _emulated():
        return _emulated_memory(settings, clouds)
    addresses = {cloud.name: address_of(cloud, settings, os.environ) for cloud in clouds}
    return Memory(state_dir() / "trust", addresses)


def _emulated() -> bool:
    context = click.get_current_context(silent=True)
    return bool(context and context.params.get("emulators"))


def _emulated_memory(settings: Settings, clouds: Sequence[Cloud]) -> Memory:
    """Return the memory of this run of the emulators: one that starts empty is no attack."""
    from deployer.emulators.paths import state_folder  # noqa: PLC0415 - few commands need it
    from deployer.emulators.state import load_state  # noqa: PLC0415 - as above

    state = load_state()
    addresses = {}
    for cloud in clouds:
        record = state.of(cloud.name)
        run = "" if record is None else record.data if record.keep else f"{record.started}"
        addresses[cloud.name] = f"{address_of(cloud, settings, os.environ)} {run}"
    return Memory(state_folder() / "run" / "trust", addresses)


def address_of(cloud: Cloud, settings: Settings, environment: Mapping[str, str]) -> str:
    """Return what tells a store from every other: its URL, and the endpoint that it is reached at.

    It is written to a file: of a connection string, which may hold a key, only the endpoint is in
    it.
    """
    configured = settings.clouds.get(cloud.name)
    if configured is not None and configured.endpoint:
        return f"{cloud.store.url} {configured.endpoint}"
    scheme = cloud.store.url.partition("://")[0]
    values = (environment.get(name) for name in _ENDPOINTS.get(scheme, ()))
    endpoint = next(filter(None, values), "")
    if scheme == "az":
        endpoint = _blob_endpoint(endpoint)
    return f"{cloud.store.url} {endpoint}".rstrip()


def _blob_endpoint(connection: str) -> str:
    parts = dict(part.partition("=")[::2] for part in connection.split(";"))
    # A SAS would be behind the question mark.
    return parts.get("BlobEndpoint", parts.get("EndpointSuffix", "")).partition("?")[0]
