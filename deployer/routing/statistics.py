"""What proxies count per endpoint: requests, and those that failed."""

import csv
import http.client
import json
import socket
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

__all__ = ["Counts", "envoy_counts", "fetch", "grown", "haproxy_counts", "on_socket", "post"]

TIMEOUT = 2.0
_BACKEND = "model"
_SUMMARIES = {"FRONTEND", "BACKEND"}


class Counts(NamedTuple):
    """Of one endpoint, since its proxy counts.

    Attributes:
        requests: that were sent to it and are over.
        failed: of these: no connection, no answer, or one with a status from 500.

    """

    requests: int = 0
    failed: int = 0


def envoy_counts(text: str) -> dict[str, Counts]:
    """Return the counts by name of the endpoint, from ``/clusters?format=json``.

    Envoy counts per host what succeeded (a status below 500), what was sent, what is under way,
    and connections that failed ("Administration interface", "Upstream host statistics").
    """
    counts: dict[str, Counts] = {}
    for cluster in json.loads(text).get("cluster_statuses", ()):
        if cluster.get("name") != _BACKEND:
            continue
        for host in cluster.get("host_statuses", ()):
            values = {each["name"]: int(each.get("value", 0)) for each in host.get("stats", ())}
            name = host.get("locality", {}).get("sub_zone", "")
            connections = values.get("cx_connect_fail", 0)
            over = values.get("rq_total", 0) - values.get("rq_active", 0)
            failed = max(0, over - values.get("rq_success", 0)) + connections
            before = counts.get(name, Counts())
            counts[name] = Counts(before.requests + over + connections, before.failed + failed)
    return counts


def haproxy_counts(text: str) -> dict[str, Counts]:
    """Return the counts by name of the endpoint, from ``show stat``.

    ``hrsp_5xx`` are answers, ``econ`` connections that failed, ``eresp`` broken answers
    (management guide, section 9.1).
    """
    rows = csv.DictReader(text.removeprefix("# ").splitlines())
    counts: dict[str, Counts] = {}
    for row in rows:
        if row.get("pxname") != _BACKEND or row.get("svname") in _SUMMARIES:
            continue

        def number(column: str, row: Mapping[str, str] = row) -> int:
            return int(row.get(column) or 0)

        answered = sum(number(f"hrsp_{kind}") for kind in ("1xx", "2xx", "3xx", "4xx", "5xx"))
        broken = number("econ") + number("eresp")
        counts[row["svname"]] = Counts(answered + broken, number("hrsp_5xx") + broken)
    return counts


def grown(before: Counts, now: Counts) -> Counts:
    """Return what was counted between two looks; a count that fell began again at 0."""
    if now.requests < before.requests or now.failed < before.failed:
        return now
    return Counts(now.requests - before.requests, now.failed - before.failed)


def fetch(url: str) -> str:
    """Return what a GET of an address on this machine answers; OSError if nothing does."""
    return _request("GET", url)


def post(url: str) -> str:
    """Return what a POST without a body answers; OSError if nothing does."""
    return _request("POST", url)


def _request(method: str, url: str) -> str:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT)
    try:
        connection.request(method, f"{parts.path}?{parts.query}" if parts.query else parts.path)
        response = connection.getresponse()
        body = response.read().decode("utf-8", "replace")
    except http.client.HTTPException as error:
        raise OSError(f"{url}: {error}") from error
    finally:
        connection.close()
    if response.status != http.client.OK:
        raise OSError(f"{url}: status {response.status}")
    return body


def on_socket(path: str, command: str) -> str:
    """Return what HAProxy answers to a command on its socket; OSError if it does not."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(TIMEOUT)
        connection.connect(path)
        connection.sendall(f"{command}\n".encode())
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts).decode("utf-8", "replace")
