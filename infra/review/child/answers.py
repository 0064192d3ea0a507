"""What functions such as `aws.get_caller_identity` answer, without asking anybody."""

from collections.abc import Callable, Mapping
from typing import Any

from infra.review.child.outputs import Maker
from infra.review.child.policies import document
from infra.review.child.shapes import ACCOUNT, CLIENT, PROJECT, SUBSCRIPTION, TENANT
from infra.review.child.values import without

__all__ = ["Answers"]

_POLICY = "aws:iam/getPolicyDocument:getPolicyDocument"


class Answers:
    """Answers invokes.

    Args:
        maker: makes the rest of an answer from its declared type.
        types: function's token → class of its answer, as far as they are known.
        config: of the program, without secrets.
        note: told what had to be made up.

    """

    def __init__(
        self,
        maker: Maker,
        types: Mapping[str, type],
        *,
        config: Mapping[str, str],
        note: Callable[[str], None],
    ) -> None:
        self._maker = maker
        self._types = types
        self._config = config
        self._note = note

    def answer(self, token: str, args: dict[str, Any], *, region: str) -> dict[str, Any]:
        """Return the answer of a function, as Pulumi's wire has it.

        Args:
            token: of the function.
            args: that it is called with.
            region: that it is asked in; "" if the program does not say.

        """
        args = without(args)
        if token == _POLICY:
            text = document(args)
            return {**args, "id": "0", "json": text, "minifiedJson": text}
        package, _, rest = token.partition(":")
        known = self._known(package, rest.rpartition(":")[2], args, region)
        if known is None:
            self._note(f"{token} is not asked: its answer is made up")
        return self._maker.answer(self._types.get(token), token=token, known=args | (known or {}))

    def _known(
        self, package: str, name: str, args: dict[str, Any], region: str
    ) -> dict[str, Any] | None:
        """Return what is known of an answer; None for a function that is not known here."""
        match package, name:
            case "aws", "getCallerIdentity":
                arn = f"arn:aws:iam::{ACCOUNT}:user/review"
                return {"accountId": ACCOUNT, "arn": arn, "userId": "review", "id": ACCOUNT}
            case "aws", "getRegion":
                here = args.get("region") or args.get("name") or region
                return {"name": here, "id": here, "region": here} if here else {}
            case "aws", "getPartition":
                return {"partition": "aws", "dnsSuffix": "amazonaws.com", "id": "aws"}
            case "aws", "getAvailabilityZones":
                return {"names": [f"{region}{each}" for each in "abc"]} if region else {}
            case "gcp", "getProject":
                project = str(args.get("projectId") or self._config.get("gcp:project", PROJECT))
                return {"projectId": project, "number": ACCOUNT, "name": project}
            case "gcp", "getClientConfig":
                zone = {"region": region, "zone": f"{region}-a"} if region else {}
                return {"project": self._config.get("gcp:project", PROJECT), **zone}
            case "gcp", "getProjectServiceAccount":
                return {}  # an address, which a mark stands for
            case "azure-native", "getClientConfig":
                keys = ("subscriptionId", "tenantId", "clientId")
                said = {key: self._config.get(f"azure-native:{key}") for key in keys}
                return {
                    "subscriptionId": said["subscriptionId"] or SUBSCRIPTION,
                    "tenantId": said["tenantId"] or TENANT,
                    "clientId": said["clientId"] or CLIENT,
                }
        return None
