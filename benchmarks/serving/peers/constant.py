"""The floor: Granian reads the request and answers a constant, in one worker."""

from typing import Any

ANSWER = b'{"outputs":[{"name":"probabilities","shape":[1,4],"datatype":"FP32","data":[1,0,0,0]}]}'
HEADERS = [("content-type", "application/json")]


async def app(scope: Any, proto: Any) -> None:
    """Answer every request alike (https://github.com/emmett-framework/granian, RSGI)."""
    await proto()
    proto.response_bytes(200, HEADERS, ANSWER)
