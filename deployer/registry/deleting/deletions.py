"""The records that say that a version was taken back, or is about to be."""

from deployer.errors import DamagedError, MissingError
from deployer.registry.cloud import Cloud, read_document
from deployer.registry.format import layout
from deployer.registry.format.records import Deletion
from providers.errors import BucketNotFoundError, NotFoundError
from providers.model import Version

__all__ = ["DeletedError", "find_deletion"]


class DeletedError(MissingError):
    """The version was deleted, or somebody is at it.

    Attributes:
        record: says so.

    """

    def __init__(self, cloud: Cloud, record: Deletion) -> None:
        what = f"{record.model}:{record.version}"
        if record.claim:
            said = f"{what} is being deleted by {record.by} since {record.at}"
            hint = f"if that was broken off, finish it: deployer delete {what}"
        else:
            note = f": {record.note}" if record.note else ""
            said = f"{what} was deleted at {record.at} by {record.by}{note}"
            hint = f"see what there is: deployer list {record.model}"
        super().__init__(said, where=cloud.store.url, hint=hint)
        self.record = record


def find_deletion(cloud: Cloud, name: str, number: int) -> tuple[Deletion, Version] | None:
    """Return the deletion record of a version and which write of it this is, or None.

    Raises:
        DamagedError: the record is of another version.

    """
    key = layout.deleted(name, number)
    try:
        record, _, version = read_document(cloud, key, Deletion)
    except BucketNotFoundError:
        raise
    except NotFoundError:
        return None
    if (record.model, record.version) != (name, number):
        raise DamagedError(
            f"the record is of {record.model}:{record.version}",
            where=cloud.where(key),
            hint="somebody put it there: use another cloud",
        )
    return record, version
