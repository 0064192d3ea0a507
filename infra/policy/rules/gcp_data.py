"""Whose key data on Google Cloud is encrypted with, and how long it is kept: DEP060, 061, 062, 065."""

from collections.abc import Iterator, Mapping
from typing import Any

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._clouds import vague
from infra.policy.rules._lifecycle import aborts, expires, hasty, unread
from infra.policy.rules._values import (
    entries,
    holds,
    is_false,
    is_true,
    mapping,
    text,
    unknown,
    unknown_in,
    value_at,
)
from infra.resources import Program, Resource

__all__ = ["RULES"]

_BUCKET = "gcp:storage/bucket:Bucket"
_REPOSITORY = "gcp:artifactregistry/repository:Repository"
_SECRET = "gcp:secretmanager/secret:Secret"  # noqa: S105 - a type

# Where a type names the key that it is encrypted with.
_KEYS = {
    _BUCKET: "encryption.defaultKmsKeyName",
    _REPOSITORY: "kmsKeyName",
    "gcp:secretmanager/regionalSecret:RegionalSecret": "customerManagedEncryption.kmsKeyName",
    "gcp:bigquery/dataset:Dataset": "defaultEncryptionConfiguration.kmsKeyName",
    "gcp:sql/databaseInstance:DatabaseInstance": "encryptionKeyName",
}
_COPY_KEY = "customerManagedEncryption.kmsKeyName"

# What its provider refuses to delete unless the program says otherwise.
_HELD = (
    "gcp:alloydb/cluster:Cluster",
    "gcp:bigquery/table:Table",
    "gcp:bigtable/table:Table",
    "gcp:container/cluster:Cluster",
    "gcp:redis/cluster:Cluster",
    "gcp:spanner/database:Database",
    "gcp:sql/databaseInstance:DatabaseInstance",
)


def _own_key(program: Program, demands: Demands) -> Iterator[Problem]:
    for each in program.of_type(*_KEYS):
        path = _KEYS[each.type]
        # A replica of a database has its primary's key.
        if not _named(value_at(each.inputs, path)) and not each.inputs.get("masterInstanceName"):
            yield Problem(each, "it is encrypted with Google's key alone", path)
    for secret in program.of_type(_SECRET):
        for path, copy in _copies(secret):
            if not _named(value_at(copy, _COPY_KEY)):
                yield Problem(
                    secret, "it is encrypted with Google's key alone", f"{path}.{_COPY_KEY}"
                )


def _named(key: object) -> bool:
    return vague(key) or bool(text(key))


def _copies(secret: Resource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield path and settings of every place that a secret is kept in."""
    yield from entries(secret.inputs, "replication.userManaged.replicas")
    # An empty one is as good as none: Google keeps it where it likes, with its own key.
    auto = value_at(secret.inputs, "replication.auto")
    if auto is not None and not unknown(auto):
        yield "replication.auto", mapping(auto)


def _held(program: Program, demands: Demands) -> Iterator[Problem]:
    for bucket in program.of_type(_BUCKET):
        forced = bucket.inputs.get("forceDestroy")
        if not unknown(forced) and is_true(forced):
            yield Problem(bucket, "whoever deletes it deletes every object in it", "forceDestroy")
    for each in program.of_type(*_HELD):
        if is_false(each.inputs.get("deletionProtection")) and not (each.protect or each.retain):
            yield Problem(
                each, "nothing stops whoever deletes it with all it holds", "deletionProtection"
            )


def _images(program: Program, demands: Demands) -> Iterator[Problem]:
    for each in program.of_type(_REPOSITORY):
        kind, mode = each.inputs.get("format"), each.inputs.get("mode")
        # Remote and virtual ones hold what others tagged.
        if holds(mode, lambda found: found != "STANDARD_REPOSITORY"):
            continue
        path = "dockerConfig.immutableTags"
        docker = not vague(kind) and text(kind).upper() == "DOCKER"
        if docker and not is_true(value_at(each.inputs, path)):
            yield Problem(each, "a tag may be moved to another image", path)
        # "Whether this repository has vulnerability scanning disabled"; without a word it has not.
        # https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories
        path = "vulnerabilityScanningConfig.enablementConfig"
        if text(value_at(each.inputs, path)) == "DISABLED":
            yield Problem(each, "images are not scanned", path)


def _let_go(program: Program, demands: Demands) -> Iterator[Problem]:
    targets = {
        urn for each in program.of_type(_BUCKET) for urn in each.references.get("logging", ())
    }
    for bucket in program.of_type(_BUCKET):
        yield from _hurried(bucket)
        if unread(bucket):
            continue
        if not aborts(bucket):
            yield Problem(bucket, "parts of uploads that nobody finishes stay", "lifecycleRules")
        if is_true(value_at(bucket.inputs, "versioning.enabled")) and not expires(
            bucket, live=False
        ):
            yield Problem(bucket, "what is overwritten is kept for ever", "lifecycleRules")
        if bucket.urn in targets and not expires(bucket, live=True):
            yield Problem(bucket, "access logs are kept for ever", "lifecycleRules")
    for each in program.of_type(_REPOSITORY):
        dry = each.inputs.get("cleanupPolicyDryRun")
        mode = each.inputs.get("mode")
        if unknown_in(each.inputs, "cleanupPolicies") or holds(mode, "VIRTUAL_REPOSITORY".__eq__):
            continue
        if not any(
            holds(policy.get("action"), "DELETE".__eq__)
            for _, policy in entries(each.inputs, "cleanupPolicies")
        ):
            yield Problem(each, "images that nobody needs are kept for ever", "cleanupPolicies")
        elif not unknown(dry) and is_true(dry):
            yield Problem(each, "its cleaning is a rehearsal", "cleanupPolicyDryRun")


def _hurried(bucket: Resource) -> Iterator[Problem]:
    for path in hasty(bucket):
        yield Problem(bucket, "objects are deleted at once: no age is asked for", path)


RULES = (
    Rule(
        "DEP060",
        "Google Cloud encrypts data with the owner's key",
        Severity.MEDIUM,
        "Name a key of Cloud KMS in the same region; let the service's agent use it.",
        ("CKV_GCP_84", "CKV_GCP_81"),
        _own_key,
    ),
    Rule(
        "DEP061",
        "Google Cloud deletes no data along with what holds it",
        Severity.MEDIUM,
        "Leave forceDestroy off and deletionProtection on; empty it by hand before it is deleted.",
        ("CKV_GCP_121",),
        _held,
    ),
    Rule(
        "DEP062",
        "Google Cloud image repositories are immutable and scanned",
        Severity.MEDIUM,
        "Set dockerConfig.immutableTags, and leave vulnerability scanning INHERITED.",
        (),
        _images,
    ),
    Rule(
        "DEP065",
        "Google Cloud lets go what nobody needs, and not too soon",
        Severity.LOW,
        "Add lifecycle rules: abort uploads, delete old versions and logs by age; clean images up.",
        (),
        _let_go,
    ),
)
