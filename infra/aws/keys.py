"""The secret that says whose API keys are good: hashes, in Secrets Manager, never in a variable."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.aws.identity import decrypts
from infra.aws.site import Site

__all__ = ["Keys", "make_keys"]

# No key has this hash: the door is shut until somebody puts hashes of real keys there.
_NOBODY = f"nobody:{'0' * 64}"


@dataclass(frozen=True, kw_only=True)
class Keys:
    """The secret, ours or the user's.

    Attributes:
        arn: by which AWS finds it; of a secret that is only known by its name, without the six
            characters at its end.
        statements: of a policy, allow to read it and nothing else.
        ready: what must be there before somebody reads it.

    """

    arn: pulumi.Input[str]
    statements: Sequence[dict[str, Any]]
    ready: Sequence[pulumi.Resource]


def make_keys(site: Site, key: aws.kms.Key) -> Keys:
    """Return the secret that the configuration names, or a new one that lets nobody in.

    A secret in ARNs: https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html
    says that one without the random characters is found, unless the name itself ends as if it had
    them (``-`` and six characters); `EndpointConfig.keys` may be a whole ARN, too.
    """
    named = site.config.keys
    if named:
        arn = named if named.startswith("arn:") else site.arn("secretsmanager", f"secret:{named}")
        resource = arn if named.startswith("arn:") else pulumi.Output.concat(arn, "-??????")
        return Keys(arn=arn, statements=[_read(resource)], ready=())
    secret = aws.secretsmanager.Secret(
        site.name("keys"),
        description="Who may ask: NAME:SHA256,... as `deployer key api new` prints them",
        kms_key_id=key.arn,
        recovery_window_in_days=30,
        tags=site.tags,
        opts=site.opts(stateful=True),
    )
    version = aws.secretsmanager.SecretVersion(
        site.name("keys"),
        secret_id=secret.id,
        secret_string=pulumi.Output.secret(_NOBODY),
        # Its owner writes the hashes; the next `up` must not lock everybody out again.
        opts=site.opts(ignore=["secretString"]),
    )
    statements = [_read(secret.arn), decrypts(site, key, "secretsmanager")]
    return Keys(arn=secret.arn, statements=statements, ready=[version])


def _read(resource: pulumi.Input[str]) -> dict[str, Any]:
    return {
        "Sid": "ReadKeys",
        "Effect": "Allow",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": resource,
    }
