"""What a publish would send where, in bytes: the same questions to the clouds, and no writes."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from deployer.errors import DeployerError, FailedError
from deployer.registry.aliasing.aliases import read_alias
from deployer.registry.cloud import Cloud, everywhere, read_marker
from deployer.registry.format.names import LATEST
from deployer.registry.format.paths import scan
from deployer.registry.format.records import Marker
from deployer.registry.homes.home import require_one_registry, was_home
from deployer.registry.homes.markers import leading, lost_home
from deployer.registry.publishing.blobs import Content, hash_files, holds
from deployer.registry.publishing.drafting import draft, is_published, require_residency
from deployer.registry.publishing.request import Request
from deployer.registry.reading.resolve import read_manifest
from providers.errors import StoreError

__all__ = ["CloudPlan", "Plan", "plan"]


@dataclass(frozen=True)
class CloudPlan:
    """What one cloud would get.

    Attributes:
        joins: it would become a store of the registry by this.
        send: number of contents that it does not have.
        send_bytes: their bytes.
        reuse: number of contents that it has.
        reuse_bytes: their bytes.

    """

    joins: bool
    send: int
    send_bytes: int
    reuse: int
    reuse_bytes: int


@dataclass(frozen=True)
class Plan:
    """What a publish would do.

    Attributes:
        version: the number it would get, if nobody is quicker.
        created: False if this content is the latest version already.
        home: name of the cloud that would order it.
        signs: whether it would be signed.
        clouds: cloud name → what it would get.
        failed: cloud name → why it would not take part.

    """

    model: str
    version: int
    created: bool
    home: str
    signs: bool
    files: int
    size: int
    residency: tuple[str, ...]
    clouds: Mapping[str, CloudPlan]
    failed: Mapping[str, StoreError | DeployerError]


def plan(request: Request) -> Plan:
    """Return what :func:`deployer.registry.publishing.publish.publish` would do now.

    Raises:
        PolicyError: a target is outside the regions that the model is bound to.
        StoreError, DeployerError: the home cannot be asked.

    """
    found = scan(request.root)
    with ThreadPoolExecutor(1, thread_name_prefix="hash") as pool:
        hashing = pool.submit(hash_files, found)
        markers, failed = everywhere(request.clouds, read_marker)
        content = hashing.result()
    members = {name: marker for name, marker in markers.items() if marker is not None}
    home = _home(request, members, failed)
    latest = read_alias(home, request.model, LATEST) if home.name in members else None
    parent = read_manifest(home, latest[0].manifest) if latest else None
    manifest = draft(request.facts, content, parent)
    require_residency(request, manifest)
    there = is_published(request, home, parent, manifest)
    last = latest[0].version if latest else 0
    fenced = _fenced(request.clouds, members)
    failed = {**failed, **fenced}
    answering = [c for c in request.clouds if c.name in markers and c.name not in fenced]
    clouds, unsure = everywhere(answering, lambda each: _ask(each, content, each.name in members))
    return Plan(
        model=request.model,
        version=last if there else last + 1,
        created=not there,
        home=home.name,
        signs=request.signs and not there,
        files=len(content.files),
        size=sum(file.size for file in content.files),
        residency=manifest.residency,
        clouds=clouds,
        failed={**failed, **unsure},
    )


def _home(
    request: Request,
    members: Mapping[str, Marker],
    failed: Mapping[str, StoreError | DeployerError],
) -> Cloud:
    """Return the cloud that orders publishes, or would be founded on."""
    if members:
        require_one_registry(request.clouds, members)
        counts = leading(members.values())
        for cloud in request.clouds:
            if cloud.name in members and members[cloud.name].store == counts.home:
                return cloud
    for error in failed.values():
        raise error  # it may hold a registry
    return next((c for c in request.clouds if c.name == request.home), request.clouds[0])


def _fenced(clouds: Sequence[Cloud], members: Mapping[str, Marker]) -> dict[str, FailedError]:
    """Return the clouds that were the home before and have to be reconciled first."""
    if not members:
        return {}
    counts = leading(members.values())
    return {
        cloud.name: was_home(cloud, members[cloud.name])
        for cloud in clouds
        if cloud.name in members and lost_home(members[cloud.name], counts)
    }


def _ask(cloud: Cloud, content: Content, member: bool) -> CloudPlan:
    sizes = {sha256: seen.size for sha256, (_, seen) in content.sources.items()}
    digests: Sequence[str] = list(sizes) if member else []
    with ThreadPoolExecutor(cloud.store.options.workers, thread_name_prefix="plan") as pool:
        answers = pool.map(lambda d: holds(cloud, d, sizes[d]), digests)
        has = {digest for digest, there in zip(digests, answers, strict=True) if there}
    reuse_bytes = sum(sizes[digest] for digest in has)
    return CloudPlan(
        joins=not member,
        send=len(sizes) - len(has),
        send_bytes=sum(sizes.values()) - reuse_bytes,
        reuse=len(has),
        reuse_bytes=reuse_bytes,
    )
