"""What an endpoint promises, on every cloud: paths, ports, variables, headers.

Programs that make endpoints, routers in front of them and the server itself agree by this file.
"""

__all__ = [
    "DIGEST_HEADER",
    "EXPECT_HEADER",
    "LIVE_PATH",
    "OUTPUTS",
    "PORT_VARIABLE",
    "READY_PATH",
    "infer_path",
    "model_ready_path",
]

# The Open Inference Protocol's own (https://github.com/kserve/open-inference-protocol).
LIVE_PATH = "/v2/health/live"
READY_PATH = "/v2/health/ready"

# Cloud Run and Container Apps name the port so.
PORT_VARIABLE = "PORT"

# Every answer carries the digest of the model that gave it; a request may demand one of some
# digests, separated by commas, and is refused with 503 by a server that has none of them.
DIGEST_HEADER = "x-deployer-model-digest"
EXPECT_HEADER = "x-deployer-expect-digest"

# What every program exports; `url` is where the router sends requests.
OUTPUTS = ("url", "health_path", "region", "model", "digest", "identity", "bucket", "cost_hints")


def infer_path(model: str) -> str:
    """Return the path that rows are sent to."""
    return f"/v2/models/{model}/infer"


def model_ready_path(model: str) -> str:
    """Return the path whose 200 means that the model's golden answers were just repeated."""
    return f"/v2/models/{model}/ready"
