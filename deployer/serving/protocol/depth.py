"""How deep JSON is nested, before anything recursive reads it."""

import re

import numpy as np

from deployer.serving.refusals import RefusedError, Status

__all__ = ["check_depth"]

# A string, or the start of one that does not end.
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
_OTHERS = bytes(set(range(256)) - set(b"[]{}"))
_STEPS = np.zeros(256, dtype=np.int32)
_STEPS[list(b"[{")] = 1
_STEPS[list(b"]}")] = -1


def check_depth(body: bytes, most: int) -> None:
    """Check that the JSON in `body` is nested no deeper than `most`, in linear time.

    Raises:
        RefusedError: 400; it is.

    """
    # Almost every body: with so few brackets it cannot be.
    if body.count(b"[") + body.count(b"{") <= most:
        return
    brackets = _STRING.sub(b"", body).translate(None, _OTHERS)
    steps = _STEPS[np.frombuffer(brackets, dtype=np.uint8)]
    if steps.size and int(np.cumsum(steps).max()) > most:
        raise RefusedError(Status.BAD_REQUEST, f"the JSON is nested more than {most} levels deep")
