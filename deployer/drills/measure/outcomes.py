"""Which requests failed, and how."""

from collections.abc import Callable, Collection, Sequence
from http import HTTPStatus

from deployer.drills.evidence.records import Event, Request

__all__ = ["accepted", "kind_of"]


def accepted(events: Sequence[Event]) -> frozenset[str]:
    """Return the hex digests of the versions whose answers are right; none: any are."""
    for event in reversed(events):
        if event.kind == "accepted":
            return frozenset(event.detail.get("digests", ()))
    return frozenset()


def kind_of(digests: Collection[str]) -> Callable[[Request], str]:
    """Return what tells the kind of a request's failure.

    Args:
        digests: of the versions whose answers are right; none: any are.

    Returns:
        A function of a request: "" if it was answered with status 200 by such a version; else
        "HTTP 503" and the like, "wrong digest", "no digest", or where there was no answer why.

    """

    def kind(request: Request) -> str:
        if request.error or not request.status:
            return request.error or "no answer"
        if request.status != HTTPStatus.OK:
            return f"HTTP {request.status}"
        if not digests or request.digest in digests:
            return ""
        return "wrong digest" if request.digest else "no digest"

    return kind
