"""What is in the buckets and the repositories of images of a stack, and how it is taken out."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deployer.config import Settings, state_dir
from deployer.errors import CloudError
from deployer.registry.cloud import Cloud
from providers.errors import BucketNotFoundError, StoreError
from providers.open import open_store
from providers.store import Store, StoreOptions

if TYPE_CHECKING:
    from deployer.stacks.keeping import Images
    from providers.images import Repository

__all__ = ["emptied", "images_deleted", "images_in", "models_in"]

_AGAIN = "mend it, then run the same command again"


def models_in(url: str, cloud: str, settings: Settings) -> tuple[str, ...]:
    """Return the models that a bucket holds; none if the bucket is not there.

    Args:
        url: of the store, an output of the stack.
        cloud: its name in the settings, whose endpoint is used.
        settings: the user's.

    Raises:
        CloudError: it cannot be looked at, so that nobody knows what would be lost.

    """
    from deployer.stacks.keeping import holds_models  # noqa: PLC0415 - not needed for --help

    unknown = "nobody can say whether models are in the bucket"
    hint = "try again later, or add --delete-models if they may be lost"
    if not url:
        raise CloudError(f"{unknown}: the stack does not tell its URL", where=cloud, hint=hint)
    with _told(unknown, url, hint):
        try:
            with _opened(url, cloud, settings) as store:
                return holds_models(Cloud(cloud, store))
        except BucketNotFoundError:
            return ()


def emptied(url: str, cloud: str, settings: Settings) -> int:
    """Delete everything in a bucket for good; return how much it was, old versions counted.

    Args:
        url: of the bucket.
        cloud: its name in the settings, whose endpoint is used.
        settings: the user's.

    Raises:
        CloudError: something is still in it.

    """
    from providers.emptying import empty  # noqa: PLC0415 - few need it

    with _told("it cannot be emptied", url, f"nothing else was deleted; {_AGAIN}"):
        try:
            with _opened(url, cloud, settings) as store:
                return empty(store)
        except BucketNotFoundError:
            return 0


def images_in(kept: "Images", settings: Settings) -> int:
    """Return how many images a repository of AWS holds.

    Raises:
        CloudError: nobody can say.

    """
    from providers.images import count_images  # noqa: PLC0415 - few need it

    hint = "AWS keeps it if there are; see: deployer doctor --clouds aws"
    with _told("nobody can say whether images are in it", kept.url, hint):
        return count_images(_repository(kept, settings))


def images_deleted(kept: "Images", settings: Settings) -> int:
    """Delete all images in a repository of AWS for good; return how many there were.

    Raises:
        CloudError: some are left.

    """
    from providers.images import delete_images  # noqa: PLC0415 - few need it

    hint = f"nothing but what was told was deleted; {_AGAIN}"
    with _told("its images cannot be deleted", kept.url, hint):
        return delete_images(_repository(kept, settings))


@contextmanager
def _told(what: str, where: str, hint: str) -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        raise CloudError(f"{what}: {error.message}", where=where, hint=hint) from error


def _repository(kept: "Images", settings: Settings) -> "Repository":
    from providers.images import Repository  # noqa: PLC0415 - few need it

    limits = settings.transfer
    return Repository(kept.arn, kept.url, timeout=limits.timeout, attempts=limits.attempts)


@contextmanager
def _opened(url: str, cloud: str, settings: Settings) -> Iterator[Store]:
    limits = settings.transfer
    options = StoreOptions(
        workers=limits.workers,
        part_size=limits.part_size,
        timeout=limits.timeout,
        attempts=limits.attempts,
        journal=state_dir() / "uploads",
    )
    own = settings.clouds.get(cloud)
    store = open_store(url, endpoint=own.endpoint if own else None, options=options)
    try:
        yield store
    finally:
        store.close()
