"""Images out of a repository of Amazon ECR, so that AWS lets it be deleted.

ECR deletes no repository that has images unless it is forced to, which is a property of the
resource and would hold for every deletion, unasked ("DeleteRepository"). Artifact Registry and Azure
Container Registry delete what is in one along with it (Artifact Registry API,
``projects.locations.repositories.delete``; `az acr delete`).

Sources: "ListImages", "BatchDeleteImage" and its ``ImageFailure`` (Amazon ECR API Reference).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from providers._s3_http import AWS_ERRORS, client_of
from providers.errors import ErrorKind, StoreError, error_class

__all__ = ["Repository", "count_images", "delete_images"]

_AT_ONCE = 100  # "BatchDeleteImage": most of imageIds
_GONE = "RepositoryNotFoundException"
_REFERENCED = "ImageReferencedByManifestList"
# ECR answers most of them with status 400.
_KINDS = {
    "AccessDeniedException": ErrorKind.PERMISSION_DENIED,
    "ExpiredTokenException": ErrorKind.UNAUTHENTICATED,
    "InvalidSignatureException": ErrorKind.UNAUTHENTICATED,
    "UnrecognizedClientException": ErrorKind.UNAUTHENTICATED,
    "ThrottlingException": ErrorKind.THROTTLED,
    "ServerException": ErrorKind.UNAVAILABLE,
}


class Repository(NamedTuple):
    """One repository.

    Attributes:
        arn: ``arn:aws:ecr:REGION:ACCOUNT:repository/NAME``.
        url: what its images' names begin with.
        timeout: seconds to connect, and seconds without a byte.
        attempts: tries of one request.

    """

    arn: str
    url: str
    timeout: float = 60.0
    attempts: int = 5


def count_images(repository: Repository) -> int:
    """Return how many images there are, whatever they are tagged; 0 if there is no repository.

    Raises:
        StoreError: nobody can say.

    """
    return _told("list", repository, lambda client, named: len(_digests(client, named)))


def delete_images(repository: Repository) -> int:
    """Delete all images for good, and return how many there were; 0 if there is no repository.

    Raises:
        StoreError: some are left.

    """

    def delete(client: Any, named: Mapping[str, str]) -> int:
        found = left = _digests(client, named)
        while left:
            refused = _deleted(client, named, left)
            # What a list of manifests names can go once the list is gone.
            codes = {each.get("failureCode") for each in refused.values()}
            if len(refused) == len(left) or codes - {_REFERENCED}:
                raise _refusal(repository, next(iter(refused.values())))
            left = list(refused)
        return len(found)

    return _told("delete", repository, delete)


def _digests(client: Any, named: Mapping[str, str]) -> Sequence[str]:
    pages = client.get_paginator("list_images").paginate(**named)
    # One that has several tags is listed once for each.
    return list(dict.fromkeys(each["imageDigest"] for page in pages for each in page["imageIds"]))


def _deleted(
    client: Any, named: Mapping[str, str], digests: Sequence[str]
) -> dict[str, Mapping[str, Any]]:
    """Return digest → why it was refused."""
    refused = {}
    for start in range(0, len(digests), _AT_ONCE):
        some = [{"imageDigest": each} for each in digests[start : start + _AT_ONCE]]
        for each in client.batch_delete_image(**named, imageIds=some).get("failures", ()):
            if each.get("failureCode") != "ImageNotFound":
                refused[each.get("imageId", {}).get("imageDigest", "")] = each
    return refused


def _refusal(repository: Repository, failure: Mapping[str, Any]) -> StoreError:
    said = f"{failure.get('failureCode')}: {failure.get('failureReason')}"
    return StoreError(said, op="delete", url=repository.url)


def _told(op: str, repository: Repository, act: Callable[[Any, Mapping[str, str]], int]) -> int:
    """Return what `act` returns, given a client and what names the repository; 0 if it is gone."""
    _, _, _, region, account, name = repository.arn.split(":", 5)
    named = {"registryId": account, "repositoryName": name.removeprefix("repository/")}
    try:
        client = client_of(
            "ecr", region=region, timeout=repository.timeout, attempts=repository.attempts
        )
        return act(client, named)
    except AWS_ERRORS as error:
        code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
        if code == _GONE:
            return 0
        kind = _KINDS.get(code, ErrorKind.OTHER if code else ErrorKind.UNAVAILABLE)
        said = " ".join(str(error).split())
        raise error_class(kind)(said, op=op, url=repository.url) from error
