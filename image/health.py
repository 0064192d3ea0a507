"""The container's health check: exit 0 if the server says ready, which it says after an inference."""

# ruff: noqa: INP001 - copied into the image alone

import http.client
import os
import sys
from collections.abc import Mapping

__all__ = ["is_ready", "port_of"]

# In the order in which the server looks at them.
PORTS = ("SAGEMAKER_BIND_TO_PORT", "AIP_HTTP_PORT", "PORT", "DEPLOYER_SERVE_PORT")
READY = "/v2/health/ready"
TIMEOUT = 4.0  # seconds


def port_of(environment: Mapping[str, str]) -> int:
    """Return the port of REST."""
    return int(next((environment[name] for name in PORTS if environment.get(name)), "8080"))


def is_ready(port: int) -> bool:
    """Return whether the server on this machine is ready."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        connection.request("GET", READY)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if is_ready(port_of(os.environ)) else 1)
