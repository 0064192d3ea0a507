"""What our programs ask a cloud before they make anything."""

from collections.abc import Mapping
from typing import Any

from infra.simulated.computing import fill

__all__ = ["NotSimulatedError", "answer"]

_ANSWERS: dict[str, dict[str, Any]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": {
        "accountId": "{account}",
        "arn": "arn:aws:iam::{account}:user/simulated",
        "id": "{account}",
        "userId": "AIDASIMULATED",
    },
    "aws:index/getRegion:getRegion": {
        "id": "{region}",
        "name": "{region}",
        "region": "{region}",
        "description": "simulated",
        "endpoint": "ec2.{region}.amazonaws.com",
    },
    "aws:index/getPartition:getPartition": {
        "id": "aws",
        "partition": "aws",
        "dnsSuffix": "amazonaws.com",
        "reverseDnsPrefix": "com.amazonaws",
    },
    "aws:index/getAvailabilityZones:getAvailabilityZones": {
        "id": "{region}",
        "names": ["{region}a", "{region}b", "{region}c"],
        "zoneIds": ["euc1-az1", "euc1-az2", "euc1-az3"],
        "groupNames": ["{region}"],
    },
    "aws:lb/getHostedZoneId:getHostedZoneId": {"id": "Z215JYRZR1TBD5"},
    "gcp:organizations/getProject:getProject": {
        "id": "projects/{project}",
        "projectId": "{project}",
        "name": "{project}",
        "number": "123456789012",
        "billingAccount": "01A2B3-4C5D6E-7F8A9B",
    },
    "gcp:organizations/getClientConfig:getClientConfig": {
        "id": "projects/{project}",
        "project": "{project}",
        "region": "{region}",
    },
    "gcp:storage/getProjectServiceAccount:getProjectServiceAccount": {
        "id": "service-123456789012@gs-project-accounts.iam.gserviceaccount.com",
        "emailAddress": "service-123456789012@gs-project-accounts.iam.gserviceaccount.com",
        "member": "serviceAccount:service-123456789012@gs-project-accounts.iam.gserviceaccount.com",
        "project": "{project}",
    },
    "azure-native:authorization:getClientConfig": {
        "clientId": "55555555-5555-4555-8555-555555555555",
        "objectId": "66666666-6666-4666-8666-666666666666",
        "subscriptionId": "{subscription}",
        "tenantId": "33333333-3333-4333-8333-333333333333",
    },
}


class NotSimulatedError(ValueError):
    """A program asked for what the simulated cloud does not know; the message names it."""


def answer(token: str, arguments: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the cloud answers.

    Raises:
        NotSimulatedError: nothing is known of that question.

    """
    if token not in _ANSWERS:
        raise NotSimulatedError(f"the simulated provider does not answer {token}")
    filled: dict[str, Any] = fill(_ANSWERS[token], {**context, **arguments})
    return {**arguments, **filled}
