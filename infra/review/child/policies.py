"""`aws.iam.get_policy_document`, which needs no account: it only writes JSON."""

import json
from typing import Any

__all__ = ["document"]

_LISTS = (
    ("actions", "Action"),
    ("notActions", "NotAction"),
    ("resources", "Resource"),
    ("notResources", "NotResource"),
)
_WHO = (("principals", "Principal"), ("notPrincipals", "NotPrincipal"))


def document(args: dict[str, Any]) -> str:
    """Return the policy that the function would write."""
    documents = [*(args.get("sourcePolicyDocuments") or []), args.get("sourceJson") or ""]
    statements: list[Any] = []
    for text in documents:
        statements += _statements(text)
    statements += [_statement(each) for each in args.get("statements") or []]
    for text in [*(args.get("overridePolicyDocuments") or []), args.get("overrideJson") or ""]:
        override = _statements(text)
        named = {each.get("Sid") for each in override if each.get("Sid")}
        statements = [each for each in statements if each.get("Sid") not in named] + override
    made: dict[str, Any] = {"Version": args.get("version") or "2012-10-17"}
    if args.get("policyId"):
        made["Id"] = args["policyId"]
    return json.dumps({**made, "Statement": statements})


def _statements(text: object) -> list[dict[str, Any]]:
    try:
        read = json.loads(str(text)) if text else {}
    except ValueError:
        return []
    found = read.get("Statement", []) if isinstance(read, dict) else []
    return (
        [found] if isinstance(found, dict) else [each for each in found if isinstance(each, dict)]
    )


def _statement(given: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if given.get("sid"):
        made["Sid"] = given["sid"]
    made["Effect"] = given.get("effect") or "Allow"
    for theirs, ours in _LISTS:
        if given.get(theirs):
            made[ours] = _one(given[theirs])
    for theirs, ours in _WHO:
        if given.get(theirs):
            made[ours] = _who(given[theirs])
    conditions: dict[str, Any] = {}
    for each in given.get("conditions") or []:
        test = conditions.setdefault(str(each.get("test")), {})
        test[str(each.get("variable"))] = _one(each.get("values") or [])
    return {**made, "Condition": conditions} if conditions else made


def _one(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def _who(given: list[dict[str, Any]]) -> Any:
    made: dict[str, list[Any]] = {}
    for each in given:
        made.setdefault(str(each.get("type")), []).extend(each.get("identifiers") or [])
    if made == {"*": ["*"]}:
        return "*"
    return {key: _one(values) for key, values in made.items()}
