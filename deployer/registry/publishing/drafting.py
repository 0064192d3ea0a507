"""The manifest that a publish would write: its content, what it says, and its signature."""

from pathlib import Path

import msgspec

from deployer.errors import DamagedError, PolicyError
from deployer.registry.cloud import Cloud
from deployer.registry.format import layout
from deployer.registry.format.records import FORMAT, Lineage, Manifest, digest, encode, subject_of
from deployer.registry.publishing.blobs import Content
from deployer.registry.publishing.journal import write_durably
from deployer.registry.publishing.request import Facts, Request
from providers.errors import StoreError
from providers.source import fingerprint

__all__ = ["content_digest", "draft", "is_published", "require_residency", "sign", "with_bundle"]


def draft(facts: Facts, content: Content, parent: Manifest | None) -> Manifest:
    """Return the unsigned manifest of `content` as the successor of `parent`."""
    residency = facts.residency
    if residency is None:
        residency = parent.residency if parent else ()
    return Manifest(
        format=FORMAT,
        files=content.files,
        schema=facts.schema,
        metrics=facts.metrics,
        lineage=Lineage(
            parent=digest(encode(parent)) if parent else None, data=facts.data, commit=facts.commit
        ),
        frameworks=facts.frameworks,
        residency=tuple(sorted(residency)),
        signature=None,
    )


def content_digest(manifest: Manifest) -> str:
    """Return a digest of what is published, whenever, by whom and from whichever commit."""
    lineage = msgspec.structs.replace(manifest.lineage, parent=None, commit=None)
    return digest(encode(msgspec.structs.replace(manifest, lineage=lineage, signature=None)))


def is_published(request: Request, home: Cloud, parent: Manifest | None, wanted: Manifest) -> bool:
    """Tell whether the latest version is `wanted` already, signed if it shall be signed."""
    if parent is None or content_digest(parent) != content_digest(wanted):
        return False
    if not request.signs:
        return True
    if parent.signature is None:
        return False
    if request.verifier is None:
        return True
    key = layout.blob(parent.signature)
    try:
        request.verifier.verify(
            home.store.get(key, sha256=parent.signature),
            subject=subject_of(request.model, parent),
            files=[(file.path, file.sha256) for file in parent.files],
            where=home.where(key),
        )
    except (DamagedError, StoreError):
        return False  # signed by a key that counts no more, for one
    return True


def require_residency(request: Request, manifest: Manifest) -> None:
    """Refuse to bring a version to a cloud that is outside the regions it is bound to.

    Raises:
        PolicyError: a target is outside of them.

    """
    for cloud in request.clouds:
        problem = request.keep_out(cloud, manifest.residency)
        if problem:
            allowed = [
                c.name for c in request.clouds if not request.keep_out(c, manifest.residency)
            ]
            raise PolicyError(
                f"nothing was published: {problem}",
                where=cloud.store.url,
                hint=f"leave it out: --clouds {','.join(allowed) or 'A,B'}",
                digest=digest(encode(manifest)),
            )


def sign(request: Request, manifest: Manifest, bundle_path: Path) -> Manifest:
    """Return `manifest` with its signature, whose bundle is then on the disk at `bundle_path`.

    Raises:
        DamagedError: the bundle given is no good signature of these files.

    """
    if manifest.signature is not None:
        return manifest
    subject = subject_of(request.model, manifest)
    files = [(file.path, file.sha256) for file in manifest.files]
    if request.bundle is not None:
        assert request.verifier is not None  # noqa: S101 - the command demands one
        request.verifier.verify(request.bundle, subject=subject, files=files, where="--signature")
        bundle = request.bundle
    elif request.signer is not None:
        bundle = request.signer.sign(subject, files)
    else:
        return manifest
    write_durably(bundle_path, bundle)
    return msgspec.structs.replace(manifest, signature=digest(bundle))


def with_bundle(content: Content, manifest: Manifest, bundle_path: Path, home: Cloud) -> Content:
    """Return `content` with the signature's bundle, which is fetched if it is not on the disk."""
    signature = manifest.signature
    if signature is None:
        return content
    if not bundle_path.is_file() or digest(bundle_path.read_bytes()) != signature:
        write_durably(bundle_path, home.store.get(layout.blob(signature), sha256=signature))
    sources = {**content.sources, signature: (bundle_path, fingerprint(bundle_path))}
    return Content(content.files, sources)
