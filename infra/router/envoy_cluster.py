"""Envoy's half towards endpoints: addresses, health checks, ejection, retry budget, TLS.

Addresses are static if all are numbers, else resolved by name every 5 s. A name server that fails
changes nothing; one that says a name does not exist takes its addresses away, but not those whose
health checks succeed (https://github.com/envoyproxy/envoy/issues/2691, "Envoy will trust active HC
over discovery", and service_discovery in its documentation).

Changes of health reach the workers at once (``update_merge_window`` 0), not within a second.
An endpoint that recovers is used again after one good health check if it was ejected for its
answers (``successful_active_health_check_uneject_host``, on unless said otherwise), after three if
it failed its health checks.
"""

from infra.contract import DIGEST_HEADER, EXPECT_HEADER, model_ready_path
from infra.router.checks import is_address
from infra.router.envoy_parts import CLUSTER, Json, added_header, message, typed
from infra.router.model import Endpoint, Router
from infra.router.plan import Placed, place

__all__ = ["cluster"]

# Debian, Ubuntu, Alpine and Arch keep the system's certificates here. Envoy has no notion of them:
# `system_root_certs` exists in its interface for gRPC alone (envoy pull request 34235).
_CA_FILE = "/etc/ssl/certs/ca-certificates.crt"


def cluster(router: Router) -> Json:
    """Return the cluster of all endpoints that get requests.

    Raises:
        NoEndpointError: none is left.

    """
    placed = place(router)
    named = any(not is_address(one.endpoint.host) for one in placed)
    secured = {_socket(one.endpoint): one.endpoint for one in placed if one.endpoint.tls}
    result: Json = {
        "name": CLUSTER,
        **(_BY_NAME if named else {"type": "STATIC"}),
        "connect_timeout": "0.25s",
        "per_connection_buffer_limit_bytes": 1024 * 1024,
        "common_lb_config": {
            "healthy_panic_threshold": {"value": 0},
            "update_merge_window": "0s",
            "locality_weighted_lb_config": {},
        },
        "health_checks": [_health_check(router)],
        "outlier_detection": _EJECTION,
        "circuit_breakers": {
            "thresholds": [
                {
                    "priority": "DEFAULT",
                    # An endpoint that hangs fails a whole `per_try` of requests at once. With room
                    # for 10 retries, 2 to 24 of 1,000 were lost to overflow on a busy machine (flags
                    # "UO,UT"), with 100 none; ejection is what keeps an outage from a storm.
                    "retry_budget": {
                        "budget_percent": {"value": 25},
                        "min_retry_concurrency": 100,
                    },
                }
            ]
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": _protocol(router)
        },
        "load_assignment": {
            "cluster_name": CLUSTER,
            "endpoints": [_locality(one) for one in placed],
        },
    }
    if secured:
        result["transport_socket_matches"] = [*map(_tls, secured.values()), _PLAIN]
    return result


_BY_NAME: Json = {
    "cluster_type": typed(
        "envoy.clusters.dns",
        "clusters.dns.v3.DnsCluster",
        dns_refresh_rate="5s",
        dns_failure_refresh_rate={"base_interval": "1s", "max_interval": "5s"},
        dns_lookup_family="ALL",
    )
}

_EJECTION: Json = {
    "consecutive_5xx": 3,
    "consecutive_gateway_failure": 3,
    "split_external_local_origin_errors": True,
    "consecutive_local_origin_failure": 3,
    "interval": "1s",
    "base_ejection_time": "5s",
    "max_ejection_percent": 100,
    "enforcing_consecutive_5xx": 100,
    "enforcing_consecutive_gateway_failure": 100,
    "enforcing_consecutive_local_origin_failure": 100,
    "enforcing_success_rate": 0,
    "enforcing_local_origin_success_rate": 0,
}


def _health_check(router: Router) -> Json:
    request: Json = {"path": model_ready_path(router.model)}
    if router.digests:
        expected = ",".join(router.digests)
        request["request_headers_to_add"] = [
            added_header(EXPECT_HEADER, expected, "OVERWRITE_IF_EXISTS_OR_ADD")
        ]
    return {
        "interval": "1s",
        "timeout": "0.5s",
        "unhealthy_threshold": 2,
        "healthy_threshold": 3,
        "no_traffic_interval": "1s",
        "no_traffic_healthy_interval": "1s",
        "http_health_check": request,
    }


def _protocol(router: Router) -> Json:
    """Return how endpoints are spoken to, and which answers count against them."""
    options: Json = {"explicit_http_config": {"http_protocol_options": {}}}
    if router.digests:
        failed = _headers({"name": ":status", "range_match": {"start": 500, "end": 600}})
        told = _headers({"name": DIGEST_HEADER, "present_match": True})
        right = [
            _headers({"name": DIGEST_HEADER, "string_match": {"exact": digest}})
            for digest in router.digests
        ]
        wrong = {"and_match": {"rules": [told, {"not_match": _any(right)}]}}
        options["outlier_detection"] = {"error_matcher": _any([failed, wrong])}
    return message("upstreams.http.v3.HttpProtocolOptions", **options)


def _headers(matcher: Json) -> Json:
    return {"http_response_headers_match": {"headers": [matcher]}}


def _any(rules: list[Json]) -> Json:
    # Envoy wants at least two rules in an "or".
    return rules[0] if len(rules) == 1 else {"or_match": {"rules": rules}}


def _locality(one: Placed) -> Json:
    # Each endpoint is a locality of its own: a name that resolves to six addresses must not weigh
    # six times as much.
    endpoint = one.endpoint
    address = {"socket_address": {"address": endpoint.host, "port_value": endpoint.port}}
    server: Json = {
        "endpoint": {
            "address": address,
            "hostname": _authority(endpoint),
            "health_check_config": {"hostname": _authority(endpoint)},
        }
    }
    if endpoint.tls:
        wanted = {"envoy.transport_socket_match": {"tls": _socket(endpoint)}}
        server["metadata"] = {"filter_metadata": wanted}
    return {
        "locality": {
            "region": endpoint.region,
            "zone": endpoint.cloud,
            "sub_zone": endpoint.name,
        },
        "priority": one.level,
        "load_balancing_weight": endpoint.weight,
        "lb_endpoints": [server],
    }


def _authority(endpoint: Endpoint) -> str:
    """Return what the Host header says: host, and the port unless it is the scheme's own."""
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    return host if endpoint.port == (443 if endpoint.tls else 80) else f"{host}:{endpoint.port}"


def _socket(endpoint: Endpoint) -> str:
    """Return what the way to speak to an endpoint is called; some share one."""
    return f"{endpoint.host} by {endpoint.ca_file}" if endpoint.ca_file else endpoint.host


def _tls(endpoint: Endpoint) -> Json:
    host, socket_name = endpoint.host, _socket(endpoint)
    kind = "IP_ADDRESS" if is_address(host) else "DNS"
    name = {"san_type": kind, "matcher": {"exact": host}}
    socket = typed(
        "envoy.transport_sockets.tls",
        "transport_sockets.tls.v3.UpstreamTlsContext",
        common_tls_context={
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            "alpn_protocols": ["http/1.1"],
            "validation_context": {
                "trusted_ca": {"filename": endpoint.ca_file or _CA_FILE},
                "match_typed_subject_alt_names": [name],
            },
        },
        **({} if is_address(host) else {"sni": host}),
    )
    return {"name": socket_name, "match": {"tls": socket_name}, "transport_socket": socket}


_PLAIN: Json = {
    "name": "plain",
    "match": {},
    "transport_socket": typed(
        "envoy.transport_sockets.raw_buffer", "transport_sockets.raw_buffer.v3.RawBuffer"
    ),
}
