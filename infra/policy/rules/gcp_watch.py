"""What is seen of an endpoint on Google Cloud, and who may use what else: DEP063, 064, 066 and 067."""

import re
from collections.abc import Iterator

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._clouds import EVERYBODY, grants, vague
from infra.policy.rules._links import linked
from infra.policy.rules._values import (
    entries,
    holds,
    is_false,
    is_true,
    mapping,
    number,
    text,
    unknown,
    unknown_in,
    value_at,
)
from infra.resources import Program, Resource

__all__ = ["RULES"]

_LOGS = (
    "gcp:logging/billingAccountBucketConfig:BillingAccountBucketConfig",
    "gcp:logging/folderBucketConfig:FolderBucketConfig",
    "gcp:logging/organizationBucketConfig:OrganizationBucketConfig",
    "gcp:logging/projectBucketConfig:ProjectBucketConfig",
)
_SINKS = (
    "gcp:logging/billingAccountSink:BillingAccountSink",
    "gcp:logging/folderSink:FolderSink",
    "gcp:logging/organizationSink:OrganizationSink",
    "gcp:logging/projectSink:ProjectSink",
)
# Google's own sinks lead there: https://cloud.google.com/logging/docs/routing/overview
_GOOGLES = frozenset({"_Default", "_Required"})
_YEAR = 365

_SERVICE = "gcp:cloudrunv2/service:Service"
_POLICY = "gcp:monitoring/alertPolicy:AlertPolicy"
_CHECK = "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig"
_BUDGET = "gcp:billing/budget:Budget"
_CHANNEL = "gcp:monitoring/notificationChannel:NotificationChannel"

# Other rules judge these: DEP023, DEP025 and DEP027.
_JUDGED = ("gcp:storage/", "gcp:cloudrun/", "gcp:cloudrunv2/", "gcp:kms/")
# A role that is not known yet may be the one that lets call them.
_FUNCTIONS = ("gcp:cloudfunctions/", "gcp:cloudfunctionsv2/")
_INVOKER = re.compile(r"roles/(?:cloudfunctions|run)\.invoker")


def _kept(program: Program, demands: Demands) -> Iterator[Problem]:
    for bucket in program.of_type(*_LOGS):
        name = text(bucket.inputs.get("bucketId"))
        # Nobody can change how long this one keeps: 400 days.
        if name != "_Required" and not holds(bucket.inputs.get("retentionDays"), _a_year):
            yield Problem(bucket, "logs are not said to be kept for a year", "retentionDays")
        if name not in _GOOGLES and not any(map(_on, _leading(program, bucket))):
            yield Problem(bucket, "it keeps nothing: no sink of this program leads to it")


def _a_year(days: object) -> bool:
    found = number(days)
    return found is not None and found >= _YEAR


def _leading(program: Program, bucket: Resource) -> Iterator[Resource]:
    for sink in linked(program, bucket, _SINKS, by="destination", names=()):
        if bucket.urn in sink.references.get("destination", ()) or unknown(
            sink.inputs.get("destination")
        ):
            yield sink
    name = bucket.inputs.get("bucketId")
    for sink in program.of_type(*_SINKS):
        _, _, meant = text(sink.inputs.get("destination")).rpartition("/buckets/")
        if meant and (vague(name) or meant == name):
            yield sink


def _on(sink: Resource) -> bool:
    disabled = sink.inputs.get("disabled")
    return unknown(disabled) or not is_true(disabled)


def _named(program: Program, demands: Demands) -> Iterator[Problem]:
    for each in program:
        if each.type.startswith(_JUDGED):
            continue
        for grant in grants(each):
            called = _INVOKER.fullmatch(grant.role) or (
                not grant.role and each.type.startswith(_FUNCTIONS)
            )
            if demands.public and called:
                continue
            for member in sorted(EVERYBODY.intersection(grant.members)):
                role = grant.role or "a role"
                yield Problem(each, f"{role} is granted to {member}", grant.path)


def _bounded(program: Program, demands: Demands) -> Iterator[Problem]:
    for each in program.of_type(_SERVICE):
        paths = ("template.scaling.maxInstanceCount", "scaling.maxInstanceCount")
        if not any(_given(value_at(each.inputs, path)) for path in paths):
            message = "what it may cost is not said: Google starts up to 100 instances"
            yield Problem(each, message, paths[0])


def _given(most: object) -> bool:
    return unknown(most) or bool(number(most))


def _watched(program: Program, demands: Demands) -> Iterator[Problem]:
    policies = [
        each for each in program.of_type(_POLICY) if not is_false(each.inputs.get("enabled"))
    ]
    told = bool(program.of_type(_CHANNEL))
    for service in program.of_type(_SERVICE):
        for metric, what in (("request_count", "fail"), ("request_latencies", "are slow")):
            if not any(_looks(each, metric) for each in policies):
                yield Problem(service, f"nobody is told when requests {what}: no alert on {metric}")
    for check in program.of_type(_CHECK):
        yield from _check(check)
        if not any(_looks(each, "check_passed") for each in policies):
            yield Problem(check, "nobody is told when it fails: no alert on check_passed")
    for budget in program.of_type(_BUDGET):
        path = "allUpdatesRule.disableDefaultIamRecipients"
        rule = mapping(budget.inputs.get("allUpdatesRule"))
        silent = not any(
            rule.get(each) for each in ("monitoringNotificationChannels", "pubsubTopic")
        )
        if not budget.inputs.get("thresholdRules"):
            yield Problem(budget, "nobody is told when it is spent", "thresholdRules")
        elif silent and rule and is_true(value_at(rule, "disableDefaultIamRecipients")):
            yield Problem(budget, "nobody is told when it is spent", path)
    for policy in policies:
        channels = policy.inputs.get("notificationChannels")
        if told and not (vague(channels) or channels):
            yield Problem(policy, "it tells nobody", "notificationChannels")


def _looks(policy: Resource, metric: str) -> bool:
    """Return whether a policy is about a metric; of conditions that are not known it may be."""
    if unknown_in(policy.inputs, "conditions"):
        return True
    for _, each in entries(policy.inputs, "conditions"):
        for path in ("conditionThreshold.filter", "conditionAbsent.filter",
                     "conditionMonitoringQueryLanguage.query",
                     "conditionPrometheusQueryLanguage.query"):  # fmt: skip
            found = value_at(each, path)
            if unknown(found) or metric in text(found):
                return True
    return False


def _check(check: Resource) -> Iterator[Problem]:
    asked = check.inputs.get("httpCheck")
    if asked is None or unknown(asked):
        return
    for name, message in (
        ("useSsl", "it asks without TLS"),
        ("validateSsl", "it takes any certificate for the endpoint's"),
    ):
        if not is_true(value_at(asked, name)):
            yield Problem(check, message, f"httpCheck.{name}")


RULES = (
    Rule(
        "DEP063",
        "Google Cloud keeps logs for a year, and they get there",
        Severity.MEDIUM,
        "Set retentionDays to 365 or more, and add a sink whose destination is the log bucket.",
        (),
        _kept,
    ),
    Rule(
        "DEP064",
        "Google Cloud grants nothing to everybody",
        Severity.HIGH,
        "Name the members: accounts, groups or a domain, in place of allUsers.",
        ("CKV_GCP_99", "CKV_GCP_100", "CKV_GCP_101", "CKV_GCP_107"),
        _named,
    ),
    Rule(
        "DEP066",
        "Cloud Run services have an upper bound",
        Severity.LOW,
        "Set template.scaling.maxInstanceCount to what the budget allows.",
        (),
        _bounded,
    ),
    Rule(
        "DEP067",
        "Endpoints on Google Cloud are watched, over TLS",
        Severity.LOW,
        "Add alert policies on failed and slow requests and on uptime checks; set useSsl and "
        "validateSsl.",
        (),
        _watched,
    ),
)
