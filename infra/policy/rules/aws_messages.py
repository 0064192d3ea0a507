"""Topics and queues of AWS: DEP044."""

from collections.abc import Iterator

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._links import linked
from infra.policy.rules._statements import Statement, anyone, statements, without_tls
from infra.policy.rules._values import unknown
from infra.resources import Program

__all__ = ["RULES"]

# type → type of its policy, the policy's input that means it, what is sent with.
_KINDS = (
    ("aws:sns/topic:Topic", "aws:sns/topicPolicy:TopicPolicy", "arn", "sns:publish"),
    ("aws:sqs/queue:Queue", "aws:sqs/queuePolicy:QueuePolicy", "queueUrl", "sqs:sendmessage"),
)


def _tls_only(program: Program, demands: Demands) -> Iterator[Problem]:
    for kind, policy, by, send in _KINDS:
        for resource in program.of_type(kind):
            parts = linked(program, resource, [policy], by=by, names=())
            found = [each for each in (resource, *parts) if each.inputs.get("policy") is not None]
            if any(
                unknown(each.inputs["policy"])
                or any(_refuses(one, send) for one in statements(each.inputs["policy"]))
                for each in found
            ):
                continue
            at = "policy" if found else ""
            yield Problem(
                found[-1] if found else resource, "no policy refuses messages without TLS", at
            )


def _refuses(statement: Statement, send: str) -> bool:
    if statement.allow or not (anyone(statement) or ("unknown", "") in statement.principals):
        return False
    wanted = {"*", send, f"{send.partition(':')[0]}:*"}
    return any(each.lower() in wanted for each in statement.actions) and without_tls(statement)


RULES = (
    Rule(
        "DEP044",
        "Topics and queues refuse messages without TLS",
        Severity.LOW,
        "Deny sns:Publish, or sqs:SendMessage, to everybody where aws:SecureTransport is false.",
        (),
        _tls_only,
    ),
)
