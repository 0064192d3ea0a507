"""Who may do what in AWS: DEP011, DEP012, DEP013 and DEP014."""

import re
from collections.abc import Iterable, Iterator

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._actions import Action, allowed_widely
from infra.policy.rules._statements import Statement, scoped, statements
from infra.policy.rules._values import entries, text, texts
from infra.resources import Program, Resource

__all__ = ["RULES", "documents"]

_POLICIES = {
    "aws:iam/policy:Policy": "policy",
    "aws:iam/rolePolicy:RolePolicy": "policy",
    "aws:iam/userPolicy:UserPolicy": "policy",
    "aws:iam/groupPolicy:GroupPolicy": "policy",
    "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy": "inlinePolicy",
}
_ATTACHMENTS = (
    "aws:iam/policyAttachment:PolicyAttachment",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
)
_ROLE = "aws:iam/role:Role"
_ADMINISTRATOR = ":aws:policy/AdministratorAccess"
_TOLD = 4
_ACCOUNT = re.compile(r"\d{12}|arn:aws[a-z-]*:iam::\d{12}:root")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Ways from few rights to all of them, each a set of actions that suffices:
# https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/
_ESCALATIONS = tuple(
    _words(each)
    for each in (
        "iam:addusertogroup",
        "iam:attachgrouppolicy",
        "iam:attachrolepolicy sts:assumerole",
        "iam:attachuserpolicy",
        "iam:createaccesskey",
        "iam:createloginprofile",
        "iam:createpolicyversion",
        "iam:passrole cloudformation:createstack",
        "iam:passrole datapipeline:createpipeline",
        "iam:passrole ec2:runinstances",
        "iam:passrole glue:createdevendpoint",
        "iam:passrole lambda:createfunction lambda:createeventsourcemapping",
        "iam:passrole lambda:createfunction lambda:invokefunction",
        "iam:putgrouppolicy",
        "iam:putrolepolicy sts:assumerole",
        "iam:putuserpolicy",
        "iam:setdefaultpolicyversion",
        "iam:updateassumerolepolicy sts:assumerole",
        "iam:updateloginprofile",
        "glue:updatedevendpoint",
        "lambda:updatefunctioncode",
    )
)
# Actions whose answer is a credential; ecr:GetAuthorizationToken is how images are pulled at all.
_CREDENTIALS = _words(
    """
    codeartifact:getauthorizationtoken codepipeline:pollforjobs cognito-identity:getopenidtoken
    cognito-identity:getcredentialsforidentity cognito-idp:getsigningcertificate
    ec2:getpassworddata iam:createaccesskey iam:createloginprofile
    iam:createservicespecificcredential iam:resetservicespecificcredential iam:updateaccesskey
    rds-db:connect redshift:getclustercredentials redshift:getclustercredentialswithiam
    redshift-serverless:getcredentials sso:getrolecredentials sts:assumerole
    sts:assumerolewithsaml sts:assumerolewithwebidentity sts:getfederationtoken
    sts:getsessiontoken
    """
)
_DATA = _words(
    """
    s3:getobject secretsmanager:getsecretvalue ssm:getparameter ssm:getparameters
    ssm:getparametersbypath
    """
)


def documents(program: Program) -> Iterator[tuple[Resource, str, list[Statement]]]:
    """Yield each document that gives an identity rights, with the property that holds it."""
    for resource in program:
        if resource.type in _POLICIES:
            path = _POLICIES[resource.type]
            yield resource, path, list(statements(resource.inputs.get(path), at=path))
        elif resource.type == _ROLE:
            for path, inline in entries(resource.inputs, "inlinePolicies"):
                at = f"{path}.policy"
                yield resource, at, list(statements(inline.get("policy"), at=at))


def _not_everything(program: Program, demands: Demands) -> Iterator[Problem]:
    for resource, _, found in documents(program):
        for each in found:
            if each.allow and any(action in {"*", "*:*"} for action in each.actions):
                yield Problem(resource, "every action is allowed", each.path)
    for resource in program:
        attached = (
            [("policyArn", resource.inputs.get("policyArn"))]
            if resource.type in _ATTACHMENTS
            else [
                ("managedPolicyArns", arn)
                for arn in texts(resource.inputs.get("managedPolicyArns"))
            ]
            if resource.type == _ROLE
            else []
        )
        for path, arn in attached:
            if text(arn).endswith(_ADMINISTRATOR):
                yield Problem(resource, "every action is allowed: AdministratorAccess", path)


def _not_everywhere(program: Program, demands: Demands) -> Iterator[Problem]:
    for resource, path, found in documents(program):
        wide = {each for each in allowed_widely(found) if each.level != "account"}
        writes = {each for each in wide if each.level == "write"}
        if writes:
            yield Problem(resource, f"may write to any resource: {_some(writes)}", path)
        elif wide:
            yield Problem(resource, f"any resource, where one could be named: {_some(wide)}", path)


def _no_escalation(program: Program, demands: Demands) -> Iterator[Problem]:
    for resource, path, found in documents(program):
        wide = allowed_widely(found)
        names = {each.name.lower(): each for each in wide}
        ways = {names[one] for way in _ESCALATIONS if way <= names.keys() for one in way}
        for what, actions in (
            ("can give itself more rights", ways),
            ("can get at credentials", {names[one] for one in _CREDENTIALS & names.keys()}),
            ("can read anybody's data", {names[one] for one in _DATA & names.keys()}),
            ("can change anybody's permissions", {x for x in wide if x.level == "permissions"}),
        ):
            if actions:
                yield Problem(resource, f"{what}: {_some(actions)}", path)


def _some(actions: Iterable[Action]) -> str:
    names = sorted(each.name for each in actions)
    more = len(names) - _TOLD
    return ", ".join(names[:_TOLD]) + (f" and {more} more" if more > 0 else "")


def _assumed_by_few(program: Program, demands: Demands) -> Iterator[Problem]:
    for role in program.of_type(_ROLE):
        for each in statements(role.inputs.get("assumeRolePolicy"), at="assumeRolePolicy"):
            if not each.allow:
                continue
            if each.other_actions or any(action in {"*", "sts:*"} for action in each.actions):
                yield Problem(role, "more is allowed than to assume the role", each.path)
            if scoped(each):
                continue
            message = _too_many(each)
            if message:
                yield Problem(role, message, each.path)


def _too_many(statement: Statement) -> str:
    conditional = bool(statement.condition)
    for kind, name in statement.principals:
        if kind in {"AWS", "*"} and name == "*":
            return "everybody may assume this role"
        if kind == "AWS" and _ACCOUNT.fullmatch(name) and not conditional:
            return "whoever an account lets may assume this role: it names the account, not a role"
        if kind == "Federated" and not conditional:
            return "whoever the identity provider knows may assume this role"
    return ""


RULES = (
    Rule(
        "DEP011",
        "No identity may do everything",
        Severity.CRITICAL,
        "List the actions that are needed.",
        ("CKV_AWS_62", "CKV_AWS_63", "CKV_AWS_274"),
        _not_everything,
    ),
    Rule(
        "DEP012",
        "Identities are limited to named resources",
        Severity.HIGH,
        "Name the ARNs in Resource, or add a condition.",
        ("CKV_AWS_355", "CKV_AWS_290"),
        _not_everywhere,
    ),
    Rule(
        "DEP013",
        "No identity can raise, expose or carry off what is not its own",
        Severity.HIGH,
        "Leave out the action, name the ARNs in Resource, or add a condition.",
        ("CKV_AWS_286", "CKV_AWS_287", "CKV_AWS_288", "CKV_AWS_289"),
        _no_escalation,
    ),
    Rule(
        "DEP014",
        "Roles are assumed by named services and roles",
        Severity.HIGH,
        "Name the service or the role as principal, or add a condition such as sts:ExternalId; allow "
        "sts:AssumeRole alone.",
        ("CKV_AWS_60", "CKV_AWS_61", "CKV_AWS_358"),
        _assumed_by_few,
    ),
)
