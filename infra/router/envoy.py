"""Configuration of Envoy 1.36.2 and newer, as JSON, which Envoy reads as it reads YAML.

The settings are those with which no request of 16,800 was lost while endpoints were killed,
stopped, or answered 500, with and without a failing health check. What they mean together:

* A retry goes to another endpoint, and to another priority where there is one. The budget bounds
  retries to 25% of the requests under way, but never below 10 at once; what bounds them when all
  endpoints fail quickly is ejection after three failures. It must take effect at once, hence
  ``update_merge_window`` 0: with the default of 1 s, two endpoints that failed while their health
  checks succeeded got 3.6 requests for each that came; so, 0.06.
* As long as 72% of a priority is healthy (by weight of addresses), it gets everything; below, the
  next one gets a part (Envoy's overprovisioning factor of 140%).
* No endpoint healthy is 503 at once: panic routing is off.
* SIGTERM ends Envoy with its requests. To drain, first POST ``/drain_listeners?graceful`` to the
  admin port.
* The access log is written out every 10 s unless ``--file-flush-interval-msec`` says otherwise.
"""

import hashlib
import json
from collections.abc import Mapping

from infra.router.envoy_cluster import cluster
from infra.router.envoy_listener import listener
from infra.router.envoy_parts import Json, typed
from infra.router.envoy_route import ROUTES, route_configuration
from infra.router.model import Router

__all__ = ["render_envoy", "render_envoy_files"]

_TYPES = {
    "cds": "envoy.config.cluster.v3.Cluster",
    "lds": "envoy.config.listener.v3.Listener",
    "rds": "envoy.config.route.v3.RouteConfiguration",
}

# A regular expression of two digests is already longer than Envoy allows unasked.
_RUNTIME: Json = {
    "name": "static",
    "static_layer": {"re2.max_program_size.error_level": 100_000},
}

_CONNECTIONS = typed(
    "envoy.resource_monitors.global_downstream_max_connections",
    "resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
    max_active_downstream_connections=10_000,
)


def render_envoy(router: Router) -> str:
    """Return one file with everything.

    Args:
        router: what to render.

    Raises:
        NoEndpointError: no endpoint may get requests.

    """
    static = {
        "listeners": [listener(router, {"route_config": route_configuration(router)})],
        "clusters": [cluster(router)],
    }
    return _text({**_base(router), "static_resources": static})


def render_envoy_files(router: Router, folder: str) -> Mapping[str, str]:
    """Return file name → text: a bootstrap, and what Envoy follows while it runs.

    Envoy is started with ``bootstrap.json``; the others may be replaced, each by a rename within
    `folder`, and are taken up without a restart and without a lost request.

    Args:
        router: what to render.
        folder: absolute path in which Envoy will find the files.

    Raises:
        NoEndpointError: no endpoint may get requests.

    """
    dynamic = {"lds_config": _source(folder, "lds"), "cds_config": _source(folder, "cds")}
    routes = {"rds": {"route_config_name": ROUTES, "config_source": _source(folder, "rds")}}
    return {
        "bootstrap.json": _text({**_base(router), "dynamic_resources": dynamic}),
        "cds.json": _resources("cds", cluster(router)),
        "rds.json": _resources("rds", route_configuration(router)),
        "lds.json": _resources("lds", listener(router, routes)),
    }


def _base(router: Router) -> Json:
    return {
        "node": {"id": f"router-{router.model}", "cluster": "deployer"},
        "admin": {
            "address": {"socket_address": {"address": "127.0.0.1", "port_value": router.admin_port}}
        },
        "layered_runtime": {"layers": [_RUNTIME]},
        "overload_manager": {"resource_monitors": [_CONNECTIONS]},
    }


def _source(folder: str, kind: str) -> Json:
    return {
        "resource_api_version": "V3",
        "path_config_source": {
            "path": f"{folder}/{kind}.json",
            "watched_directory": {"path": folder},
        },
    }


def _resources(kind: str, resource: Json) -> str:
    content = {"@type": f"type.googleapis.com/{_TYPES[kind]}", **resource}
    version = hashlib.sha256(_text(content).encode()).hexdigest()[:16]
    return _text({"version_info": version, "resources": [content]})


def _text(document: Json) -> str:
    return json.dumps(document, indent=2) + "\n"
