"""Lint of an Envoy configuration: a bootstrap, or one file of its dynamic resources.

=====================  ========  =================================================================
rule                   severity  what is wrong
=====================  ========  =================================================================
unreadable             error     not JSON (or YAML, where PyYAML is installed), or nothing in it
control-plane          error     resources come from a server: failover needs one more thing alive
admin-exposed          error     Envoy's own interface listens beyond this machine
health-check-missing   error     endpoints are not checked
health-check-shallow   error     a check that succeeds while the model does not answer
no-traffic-interval    error     unused endpoints are checked once a minute, the default
slow-detection         warning   it takes more than 5 s to see that an endpoint is dead
failback-hysteresis    error     one good check brings an endpoint back, and the next takes it away
panic-threshold        error     with few healthy endpoints, requests go to the bad ones, too
outlier-missing        error     an endpoint that fails while its check succeeds stays in use
ejection-capped        error     not all endpoints can be ejected; by default 10%
slow-ejection          warning   ejections are held back, by default for 1 s
retry-budget           error     retries are not bounded: they multiply the load when all fails
retry-missing          error     a failed request is not tried again
retry-same-host        error     a retry may go where the request just failed
retries-layered        error     Envoy sends to itself, or hedges: retries multiply
timeouts-missing       error     a try, or all together, may take for ever, or a connection > 1 s
tls-unverified         error     an endpoint's certificate is not checked
=====================  ========  =================================================================
"""

import importlib
import json
from collections.abc import Iterator
from typing import Any

from infra.router.finding import Finding, error
from infra.router.lint_envoy_cluster import lint_cluster
from infra.router.lint_envoy_route import lint_listener, lint_routes

__all__ = ["lint_envoy"]

Json = dict[str, Any]


def lint_envoy(text: str) -> list[Finding]:
    """Return what is wrong with the configuration; empty if nothing is."""
    document = _parsed(text)
    if isinstance(document, Finding):
        return [document]
    try:
        return _linted(document)
    except (AttributeError, TypeError, ValueError, KeyError, IndexError) as caught:
        return [_unreadable(f"a part has another form than Envoy's: {caught}")]


def _linted(document: Json) -> list[Finding]:
    static = document.get("static_resources") or {}
    loose = document.get("resources") or []
    clusters = [*(static.get("clusters") or []), *_of(loose, "cluster.v3.Cluster")]
    listeners = [*(static.get("listeners") or []), *_of(loose, "listener.v3.Listener")]
    routes = _of(loose, "route.v3.RouteConfiguration")
    if not (clusters or listeners or routes or document.get("dynamic_resources")):
        return [_unreadable("it holds no listener, cluster or route")]
    found = [*_dynamic(document), *_admin(document)]
    for each in clusters:
        found += lint_cluster(each, listeners)
    for each in listeners:
        found += lint_listener(each)
    for each in routes:
        found += lint_routes(each)
    return found


def _parsed(text: str) -> Json | Finding:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as caught:
        try:
            yaml = importlib.import_module("yaml")
        except ImportError:
            return _unreadable(f"it is not JSON ({caught}), and YAML needs PyYAML installed")
        try:
            document = yaml.safe_load(text)
        except (yaml.YAMLError, RecursionError) as worse:
            return _unreadable(f"it is neither JSON nor YAML: {' '.join(str(worse).split())}")
    return document if isinstance(document, dict) else _unreadable("it is not an object")


def _unreadable(message: str) -> Finding:
    return error("unreadable", message, "`envoy --mode validate -c FILE` tells more")


def _of(resources: list[Json], kind: str) -> list[Json]:
    return [each for each in resources if str(each.get("@type", "")).endswith(kind)]


def _dynamic(document: Json) -> Iterator[Finding]:
    """Find sources of resources that are a server, not a file."""
    for place in _sources(document, ""):
        yield error(
            "control-plane",
            f"{place} asks a server for its resources: while that is away, nothing can change",
            "use path_config_source: a file that is replaced",
        )


def _sources(node: object, place: str) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            inner = f"{place}.{key}" if place else str(key)
            if key in {"api_config_source", "ads", "ads_config", "hds_config"}:
                yield inner
            else:
                yield from _sources(value, inner)
    elif isinstance(node, list):
        for each in node:
            yield from _sources(each, place)


def _admin(document: Json) -> Iterator[Finding]:
    address = ((document.get("admin") or {}).get("address") or {}).get("socket_address") or {}
    host = str(address.get("address", "127.0.0.1"))
    if not (host.startswith("127.") or host in {"::1", "localhost"}):
        yield error(
            "admin-exposed",
            f"admin listens on {host}: whoever reaches it can stop Envoy",
            "let admin listen on 127.0.0.1",
        )
