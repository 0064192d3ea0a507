"""How deep JSON is nested, before anything recursive reads it."""

import numpy as np

from deployer.serving.refusals import RefusedError, Status

__all__ = ["check_depth"]

_QUOTE = ord('"')
_OTHERS = bytes(set(range(256)) - set(b'[]{}"'))
_STEPS = np.zeros(256, dtype=np.int8)
_STEPS[list(b"[{")] = 1
_STEPS[list(b"]}")] = -1
# Brackets and quotes looked at together: bounds memory.
_PART = 2**18


def check_depth(body: bytes, most: int) -> None:
    """Check that the JSON in `body` is nested no deeper than `most`, in linear time.

    Raises:
        RefusedError: 400; it is.

    """
    # Almost every body: with so few brackets it cannot be.
    if body.count(b"[") + body.count(b"{") <= most:
        return
    if b"\\" in body:
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    kept = body.translate(None, _OTHERS)
    depth = quotes = 0
    for start in range(0, len(kept), _PART):
        part = np.frombuffer(kept[start : start + _PART], dtype=np.uint8)
        before = quotes + np.cumsum(part == _QUOTE, dtype=np.int64)
        # After an odd number of quotes, a bracket is part of a string.
        steps = np.where(before & 1, 0, _STEPS[part])
        depths = depth + np.cumsum(steps, dtype=np.int64)
        if int(depths.max()) > most:
            raise RefusedError(
                Status.BAD_REQUEST, f"the JSON is nested more than {most} levels deep"
            )
        depth, quotes = int(depths[-1]), int(before[-1])
