"""What the lifecycle rules of a bucket of Google Cloud Storage let go, and when.

https://cloud.google.com/storage/docs/lifecycle
"""

from collections.abc import Iterator, Mapping
from typing import Any

from infra.policy.rules._values import any_unknown, entries, text, value_at
from infra.resources import Resource

__all__ = ["aborts", "expires", "hasty", "unread"]

_RULES = "lifecycleRules"

# Conditions that take time, or newer versions, to come true.
_AGE = ("age", "createdBefore", "customTimeBefore", "daysSinceCustomTime")
_OLD = ("daysSinceNoncurrentTime", "noncurrentTimeBefore", "numNewerVersions")
_SOME = ("matchesPrefixes", "matchesSuffixes", "matchesStorageClasses")


def unread(bucket: Resource) -> bool:
    """Return whether some of a bucket's rules are not known yet."""
    return any_unknown(bucket.inputs.get(_RULES))


def aborts(bucket: Resource) -> bool:
    """Return whether uploads that nobody finishes are aborted after some days."""
    return any(
        action == "AbortIncompleteMultipartUpload" and condition.get("age")
        for _, action, condition in _read(bucket)
    )


def expires(bucket: Resource, *, live: bool) -> bool:
    """Return whether what is live, or what was replaced, is deleted in the end."""
    state = "LIVE" if live else "ARCHIVED"
    timed = _AGE if live else _AGE + _OLD
    return any(
        action == "Delete"
        and text(condition.get("withState")) in ("", "ANY", state)
        and any(condition.get(each) for each in timed)
        and (not live or not any(condition.get(each) for each in _OLD))
        for _, action, condition in _read(bucket)
    )


def hasty(bucket: Resource) -> Iterator[str]:
    """Yield the path of each rule that deletes all objects of a kind without waiting."""
    for path, action, condition in _read(bucket):
        if action != "Delete" or any_unknown(condition):
            continue
        if not any(condition.get(each) for each in _AGE + _OLD + _SOME):
            yield f"{path}.condition"


def _read(bucket: Resource) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, rule in entries(bucket.inputs, _RULES):
        condition = value_at(rule, "condition")
        if isinstance(condition, Mapping):
            yield path, text(value_at(rule, "action.type")), condition
