"""What goes wrong on purpose: quota, an outage, expired credentials, an answer that gets lost.

The file that ``DEPLOYER_SIMULATED_FAULTS`` names is a JSON list of `Fault`.
"""

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

import msgspec

from infra.simulated.cloud import State

__all__ = ["Fault", "Operation", "message", "read", "strike"]

Operation = Literal["configure", "check", "diff", "create", "read", "update", "delete", "invoke"]
Kind = Literal["quota", "503", "credentials"]

# As the providers print what their clouds say.
_MESSAGES = {
    (
        "aws",
        "quota",
    ): "operation error {operation}, https response error StatusCode: 400, LimitExceededException: quota of {type} is used up",
    (
        "aws",
        "503",
    ): "operation error {operation}, https response error StatusCode: 503, ServiceUnavailable: please reduce your request rate",
    (
        "aws",
        "credentials",
    ): "operation error {operation}, https response error StatusCode: 403, ExpiredToken: The security token included in the request is expired",
    (
        "gcp",
        "quota",
    ): "googleapi: Error 403: Quota '{type}' exceeded.  Limit: 1.0 in region., quotaExceeded",
    ("gcp", "503"): "googleapi: Error 503: The service is currently unavailable., backendError",
    ("gcp", "credentials"): 'oauth2: "invalid_grant" "Token has been expired or revoked."',
    (
        "azure-native",
        "quota",
    ): 'autorest/azure: Status=409 Code="QuotaExceeded" Message="Operation could not be completed: quota of {type} is used up"',
    (
        "azure-native",
        "503",
    ): 'autorest/azure: Status=503 Code="ServiceUnavailable" Message="The service is unavailable, try again later"',
    (
        "azure-native",
        "credentials",
    ): 'autorest/azure: Status=401 Code="ExpiredAuthenticationToken" Message="The access token expiry UTC time has passed"',
}


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that goes wrong.

    Attributes:
        op: when.
        error: how.
        type: glob on type tokens.
        name: glob on names in the program.
        times: how often.
        skip: how often it goes well before.
        after: whether it was done all the same, and only the answer was lost.

    """

    op: Operation
    error: Kind
    type: str = "*"
    name: str = "*"
    times: int = 1
    skip: int = 0
    after: bool = False


def read(path: Path | None) -> list[Fault]:
    """Return the faults in the file; none if there is no file.

    Raises:
        ValueError: it is no list of them.

    """
    if path is None or not path.exists():
        return []
    return msgspec.json.decode(path.read_bytes(), type=list[Fault])


def strike(state: State, faults: list[Fault], op: Operation, type_: str, name: str) -> Fault | None:
    """Return the fault that strikes now, and count it."""
    for fault in faults:
        if fault.op != op or not (fnmatchcase(type_, fault.type) and fnmatchcase(name, fault.name)):
            continue
        key = msgspec.json.encode(fault).decode()
        met = state.faults.get(key, 0)
        if met >= fault.skip + fault.times:
            continue
        state.faults[key] = met + 1
        if met >= fault.skip:
            return fault
    return None


def message(provider: str, fault: Fault, type_: str) -> str:
    """Return what the provider prints."""
    if fault.after:
        return (
            "rpc error: the connection was reset before the answer came: connection reset by peer"
        )
    return _MESSAGES[provider, fault.error].format(
        type=type_, operation=f"{type_.rpartition(':')[2]}: {fault.op}"
    )
