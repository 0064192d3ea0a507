"""Refusals as gRPC's statuses, and what else is told of a call."""

from collections.abc import Mapping
from functools import cache

import grpc

from deployer.serving.refusals import RefusedError, Status

__all__ = ["attributes_of", "code_of", "kind_of"]

# https://github.com/grpc/grpc/blob/master/doc/statuscodes.md
_CODES = {
    Status.BAD_REQUEST: grpc.StatusCode.INVALID_ARGUMENT,
    Status.UNAUTHENTICATED: grpc.StatusCode.UNAUTHENTICATED,
    Status.FORBIDDEN: grpc.StatusCode.PERMISSION_DENIED,
    Status.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Status.METHOD_NOT_ALLOWED: grpc.StatusCode.UNIMPLEMENTED,
    Status.TIMEOUT: grpc.StatusCode.DEADLINE_EXCEEDED,
    Status.TOO_LARGE: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Status.UNSUPPORTED: grpc.StatusCode.INVALID_ARGUMENT,
    Status.HEADERS_TOO_LARGE: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Status.BROKEN: grpc.StatusCode.INTERNAL,
    Status.UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
}


def code_of(status: Status) -> grpc.StatusCode:
    """Return what gRPC calls a status."""
    return _CODES[status]


def kind_of(error: RefusedError) -> str:
    """Return what a refusal counts as."""
    return error.status.name.lower()


@cache
def attributes_of(route: str) -> Mapping[str, str]:
    """Return what a trace says of a call of `route`, such as ``/inference.GRPCInferenceService/…``.

    Source: https://opentelemetry.io/docs/specs/semconv/rpc/grpc/
    """
    service, _, method = route[1:].partition("/")
    return {"rpc.system": "grpc", "rpc.service": service, "rpc.method": method}
