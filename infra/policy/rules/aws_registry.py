"""The bucket of a model registry: DEP047."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._buckets import buckets, within
from infra.policy.rules._links import names_of
from infra.policy.rules._statements import Statement, anyone, statements
from infra.policy.rules._values import listed, mapping, text, unknown, value_at
from infra.policy.rules.aws_bucket_access import policies
from infra.policy.rules.aws_compute import TASK, containers
from infra.resources import Program

__all__ = ["RULES"]

# Of docs/format.md: what is created once, or changed by compare-and-swap, and by nothing else.
_NEVER_BLIND = ("blobs", "diverged", "epochs", "manifests", "models")
_URL = "DEPLOYER_CLOUDS_AWS_URL"
_WRITES = frozenset({"*", "s3:*", "s3:put*", "s3:putobject", "s3:putobject*"})
_PRESENT = frozenset({"s3:if-none-match", "s3:if-match"})
# Parts of an upload carry no condition and make no object:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
_CREATES = "s3:objectcreationoperation"


def _no_blind_writes(program: Program, demands: Demands) -> Iterator[Problem]:
    prefixes = dict(_registries(program))
    for bucket in buckets(program):
        for name in names_of(bucket, "bucket") & prefixes.keys():
            found = policies(program, bucket)
            if any(unknown(policy) for _, policy in found):
                continue
            refused = [one for _, each in found for one in statements(each) if _refuses(one)]
            open_ = [
                root
                for root in _NEVER_BLIND
                if not any(within(each, f"/{prefixes[name]}{root}/a") for each in refused)
            ]
            if open_:
                yield Problem(
                    found[0][0] if found else bucket,
                    f"whoever may write can write over {', '.join(open_)} without saying what is "
                    "there",
                    "policy" if found else "",
                )


def _registries(program: Program) -> Iterator[tuple[str, str]]:
    """Yield bucket and prefix of each registry that something in the program is told of."""
    told = [
        value_at(each.inputs, f"environment.variables.{_URL}")
        for each in program.of_type("aws:lambda/function:Function")
    ]
    for task in program.of_type(TASK):
        for _, container in containers(task):
            told += [
                mapping(each).get("value")
                for each in listed(container.get("environment"))
                if mapping(each).get("name") == _URL
            ]
    for url in map(text, told):
        # Brackets are for addresses, which no bucket is called.
        if url.startswith("s3://") and "[" not in url:
            parts = urlsplit(url)
            prefix = parts.path.strip("/")
            yield parts.netloc, f"{prefix}/" if prefix else ""


def _refuses(statement: Statement) -> bool:
    if statement.allow or not (anyone(statement) or ("unknown", "") in statement.principals):
        return False
    if not any(each.lower() in _WRITES for each in statement.actions):
        return False
    if "unknown" in statement.condition:
        return True
    missing: set[str] = set()
    for operator, keys in statement.condition.items():
        for key, value in mapping(keys).items():
            name, said = str(key).lower(), [str(each).lower() for each in listed(value)]
            if str(operator).lower() == "null" and name in _PRESENT and said == ["true"]:
                missing.add(name)
            elif name != _CREATES or said != ["true"]:
                return False
    # With If-Match alone nothing could be told of what is new.
    return "s3:if-none-match" in missing


RULES = (
    Rule(
        "DEP047",
        "A registry's bucket refuses to be written over blindly",
        Severity.MEDIUM,
        "Deny s3:PutObject to everybody on blobs, manifests, models, epochs and diverged where "
        "s3:if-none-match and s3:if-match are absent (Null).",
        (),
        _no_blind_writes,
    ),
)
