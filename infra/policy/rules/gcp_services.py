"""Cloud Run, roles and keys of Google Cloud: DEP025, DEP026 and DEP027."""

import re
from collections.abc import Iterator

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._clouds import EVERYBODY, Grant, grants, vague
from infra.policy.rules._values import is_true, number, text, unknown, value_at
from infra.resources import Program, Resource

__all__ = ["RULES"]

_RUN = ("gcp:cloudrun/", "gcp:cloudrunv2/")
_ACCOUNT = "gcp:serviceaccount/account:Account"
_KEY = "gcp:kms/cryptoKey:CryptoKey"
_INVOKER = "roles/run.invoker"
_SCHEDULED = 7 * 24 * 3600  # seconds
_ROTATION = 90 * 24 * 3600  # seconds; CIS Google Cloud Foundation Benchmark 1.10

# Where a service or job names the account that it runs as.
_RUNS_AS = {
    "gcp:cloudrun/service:Service": "template.spec.serviceAccountName",
    "gcp:cloudrunv2/service:Service": "template.serviceAccount",
    "gcp:cloudrunv2/job:Job": "template.template.serviceAccount",
    "gcp:cloudrunv2/workerPool:WorkerPool": "template.serviceAccount",
}

# Of a whole project, folder or organization.
_WIDE = re.compile(r"gcp:(?:projects|folder|organizations)/")
_BASIC = frozenset({"roles/owner", "roles/editor"})
# They let whoever has them act as service accounts, or give out roles: CKV_GCP_41, CKV_GCP_49.
_IMPERSONATE = frozenset(
    f"roles/iam.{each}"
    for each in (
        "securityAdmin",
        "serviceAccountAdmin",
        "serviceAccountKeyAdmin",
        "serviceAccountOpenIdTokenCreator",
        "serviceAccountTokenCreator",
        "serviceAccountUser",
        "workloadIdentityUser",
    )
) | {"roles/resourcemanager.projectIamAdmin"}
_ADMIN = re.compile(r"admin$|owner$", re.IGNORECASE)


def _private(program: Program, demands: Demands) -> Iterator[Problem]:
    for each in program:
        if not each.type.startswith(_RUN):
            continue
        for grant in grants(each):
            if demands.public and grant.role in ("", _INVOKER):
                continue
            for member in sorted(EVERYBODY.intersection(grant.members)):
                role = grant.role or "a role"
                yield Problem(each, f"{role} is granted to {member}", grant.path)
        if not demands.public and _unguarded(each):
            yield Problem(each, "anybody may call it: no role is asked for", "invokerIamDisabled")


def _unguarded(service: Resource) -> bool:
    ingress = service.inputs.get("ingress")
    inside = vague(ingress) or text(ingress).startswith("INGRESS_TRAFFIC_INTERNAL")
    off = service.inputs.get("invokerIamDisabled")
    return not inside and not unknown(off) and is_true(off)


def _least(program: Program, demands: Demands) -> Iterator[Problem]:
    for each in program:
        for grant in grants(each):
            yield from _too_much(program, each, grant)
        path = _RUNS_AS.get(each.type)
        if path:
            account = value_at(each.inputs, path)
            if not (unknown(account) or text(account)):
                yield Problem(
                    each, "it runs as the default account, which may edit the project", path
                )


def _too_much(program: Program, resource: Resource, grant: Grant) -> Iterator[Problem]:
    wide = bool(_WIDE.match(resource.type))
    if grant.role in _BASIC:
        yield Problem(resource, f"{grant.role} is far more than anything needs", "role")
    elif wide and grant.role in _IMPERSONATE:
        yield Problem(resource, f"{grant.role} here means every service account", "role")
    elif _ADMIN.search(grant.role) and _to_account(program, resource, grant):
        yield Problem(resource, f"a service account is granted {grant.role}", "role")


def _to_account(program: Program, resource: Resource, grant: Grant) -> bool:
    """Return whether a service account is among those who are granted a role."""
    if any(each.startswith("serviceAccount:") for each in grant.members):
        return True
    accounts = {each.urn for each in program.of_type(_ACCOUNT)}
    top = re.split(r"[.\[]", grant.path)[0]
    value = resource.inputs.get(top)
    return (vague(value) or any(map(vague, grant.members))) and bool(
        accounts.intersection(resource.references.get(top, ()))
    )


def _keys(program: Program, demands: Demands) -> Iterator[Problem]:
    for key in program.of_type(_KEY):
        if key.inputs.get("purpose") in (None, "ENCRYPT_DECRYPT"):
            yield from _rotated(key)
        # 30 days without a word, which is never too short.
        path = "destroyScheduledDuration"
        left = _seconds(key.inputs.get(path))
        if left is not None and left < _SCHEDULED:
            yield Problem(key, "a version that is destroyed is gone in less than 7 days", path)
        if not (key.protect or key.retain):
            yield Problem(
                key, "nothing protects it: with the key, what it encrypts is lost", "protect"
            )
    for each in program:
        if each.type.startswith("gcp:kms/"):
            for grant in grants(each):
                for member in sorted(EVERYBODY.intersection(grant.members)):
                    role = grant.role or "a role"
                    yield Problem(each, f"{role} is granted to {member}", grant.path)


def _rotated(key: Resource) -> Iterator[Problem]:
    period = key.inputs.get("rotationPeriod")
    if vague(period):
        return
    if period is None:
        yield Problem(key, "it is never rotated", "rotationPeriod")
        return
    seconds = _seconds(period)
    if seconds is not None and seconds > _ROTATION:
        yield Problem(key, "it is rotated less often than every 90 days", "rotationPeriod")


def _seconds(duration: object) -> float | None:
    return number(text(duration).removesuffix("s") or duration)


RULES = (
    Rule(
        "DEP025",
        "Cloud Run is open to nobody unnamed",
        Severity.HIGH,
        "Name the members that may invoke it; never grant another role to everybody.",
        ("CKV_GCP_102",),
        _private,
    ),
    Rule(
        "DEP026",
        "Service accounts have the roles that they need and no more",
        Severity.HIGH,
        "Run as an account of its own; grant it narrow roles on single resources.",
        ("CKV_GCP_41", "CKV_GCP_42", "CKV_GCP_49", "CKV_GCP_117"),
        _least,
    ),
    Rule(
        "DEP027",
        "Google Cloud keys are rotated, protected and private",
        Severity.HIGH,
        "Set rotationPeriod to at most 7776000s, protect the key, and name every member.",
        ("CKV_GCP_43", "CKV_GCP_82", "CKV_GCP_112"),
        _keys,
    ),
)
