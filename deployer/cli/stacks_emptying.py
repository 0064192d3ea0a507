"""What `down` takes out of buckets and repositories of images before a stack is deleted."""

from typing import TYPE_CHECKING, NamedTuple

from deployer.cli.audited import audited
from deployer.cli.output import Output
from deployer.cli.stacks_models import emptied, images_deleted, images_in, models_in
from deployer.config import Settings
from deployer.errors import CloudError, PolicyError

if TYPE_CHECKING:
    from deployer.stacks.acts import Engine, Target
    from deployer.stacks.keeping import Images, Inventory

__all__ = ["Content", "configured_store", "content_of", "empty_all", "images_of"]


class Content(NamedTuple):
    """What is deleted before a stack is.

    Attributes:
        stores: URLs of buckets, whole.
        lost: what it costs, in words: the models that are in them, or that nobody knows.
        images: repositories that are emptied first.
        told: what goes besides, in words.

    """

    stores: tuple[str, ...]
    lost: tuple[str, ...] = ()
    images: "tuple[Images, ...]" = ()
    told: tuple[str, ...] = ()


def content_of(
    engine: "Engine",
    target: "Target",
    there: "Inventory",
    settings: Settings,
    *,
    delete_models: bool,
) -> Content:
    """Return what must be emptied.

    Raises:
        PolicyError: models would be lost, and nobody said that they may be.
        CloudError: nobody knows whether models would be lost, and nobody said that they may be.

    """
    content = _models(engine, target, there, settings, delete_models=delete_models)
    images, told = images_of(there, settings)
    return content._replace(images=images, told=told)


def _models(
    engine: "Engine",
    target: "Target",
    there: "Inventory",
    settings: Settings,
    *,
    delete_models: bool,
) -> Content:
    from deployer.stacks.acts import outputs  # noqa: PLC0415 - not needed for --help
    from deployer.stacks.keeping import bucket_of  # noqa: PLC0415 - as above

    if not there.bucket:
        return Content(())
    told = outputs(engine, target).get("bucket")
    url = str(told or configured_store(settings, target.cloud, there))
    if delete_models:
        try:
            lost = models_in(url, target.cloud, settings)
            return Content(there.stores, tuple(f"model {each} would be lost" for each in lost))
        except CloudError as error:
            return Content(there.stores, (error.message,))
    found = models_in(url, target.cloud, settings)
    if found:
        raise PolicyError(
            f"the bucket holds models: {', '.join(found)}",
            where=f"{target.cloud}, {url}",
            hint="take them away first (deployer delete, deployer gc), or add --delete-models",
        )
    # What is left of the registry, such as old versions, is for --delete-models alone.
    return Content(tuple(each for each in there.stores if each != bucket_of(url)))


def configured_store(settings: Settings, cloud: str, there: "Inventory") -> str:
    """Return where the settings have the registry, if that is in a bucket of the stack; "" if not.

    A stack whose first `up` failed tells nothing: it has no outputs yet.
    """
    from deployer.stacks.keeping import bucket_of  # noqa: PLC0415 - not needed for --help

    own, near = getattr(settings.infra, cloud, None), settings.clouds.get(cloud)
    url = (own.stores if own else None) or settings.infra.stores or (near.url if near else "")
    return url if bucket_of(url) in there.buckets else ""


def images_of(
    there: "Inventory", settings: Settings
) -> "tuple[tuple[Images, ...], tuple[str, ...]]":
    """Return the repositories that must be emptied, and what goes with any, in words.

    One that cannot be looked at is left to the cloud, which keeps it if anything is in it.
    """
    full, told = [], []
    for each in there.images:
        if not each.arn:
            told.append(f"all images in {each.url} would be lost")
            continue
        try:
            count = images_in(each, settings)
        except CloudError as error:
            told.append(str(error))
            continue
        if count:
            full.append(each)
            told.append(f"{_counted(count)} in {each.url} would be lost")
    return tuple(full), tuple(told)


def empty_all(content: Content, cloud: str, settings: Settings, output: Output) -> None:
    """Empty a stack's buckets and repositories; each is an act of its own in the audit log."""
    for url in content.stores:
        with audited(output, "empty", clouds=[cloud]) as act:
            act.detail = url
            count = emptied(url, cloud, settings)
            act.detail = "; ".join([f"{url}: {count} objects and versions", *content.lost])
        if count:
            output.done(f"{cloud}: emptied {url}, {count} objects and versions")
    for each in content.images:
        with audited(output, "empty", clouds=[cloud]) as act:
            act.detail = each.url
            count = images_deleted(each, settings)
            act.detail = f"{each.url}: {_counted(count)}"
        output.done(f"{cloud}: emptied {each.url}, {_counted(count)}")


def _counted(count: int) -> str:
    return "1 image" if count == 1 else f"{count} images"
