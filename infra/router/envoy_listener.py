"""Envoy's half towards clients: listener, limits, request ids, access log."""

from infra.contract import DIGEST_HEADER
from infra.router.envoy_parts import Json, typed
from infra.router.envoy_route import BUFFER, LUA
from infra.router.model import Router

__all__ = ["listener"]

_ACCESS_LOG = {
    "time": "%START_TIME%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "method": "%REQ(:METHOD)%",
    "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
    "status": "%RESPONSE_CODE%",
    "flags": "%RESPONSE_FLAGS%",
    "bytes_in": "%BYTES_RECEIVED%",
    "bytes_out": "%BYTES_SENT%",
    "milliseconds": "%DURATION%",
    "endpoint": "%UPSTREAM_HOST%",
    "tries": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
    "digest": f"%RESP({DIGEST_HEADER})%",
}

_NOBODY = {"address_prefix": "0.0.0.0", "prefix_len": 32}  # noqa: S104 - nothing binds to it


def listener(router: Router, routes: Json) -> Json:
    """Return the listener; `routes` are ``route_config`` or ``rds`` of its HTTP filter."""
    connections = typed(
        "envoy.filters.network.http_connection_manager",
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="router",
        codec_type="AUTO",
        **routes,
        http_filters=[
            typed(LUA, "filters.http.lua.v3.Lua"),
            typed(
                "envoy.filters.http.router",
                "filters.http.router.v3.Router",
                suppress_envoy_headers=True,
            ),
        ],
        # Errors of its own look as the servers' do.
        local_reply_config={"body_format": {"json_format": {"error": "%LOCAL_REPLY_BODY%"}}},
        server_header_transformation="PASS_THROUGH",
        # Nobody is internal, or a client near by could set retries with Envoy's own headers. An
        # empty list would mean all private addresses.
        use_remote_address=True,
        internal_address_config={"cidr_ranges": [_NOBODY]},
        normalize_path=True,
        merge_slashes=True,
        preserve_external_request_id=True,
        always_set_request_id_in_response=True,
        request_headers_timeout="10s",
        request_timeout="30s",
        stream_idle_timeout="60s",
        common_http_protocol_options={"idle_timeout": "300s"},
        drain_timeout="5s",
        access_log=[
            typed(
                "envoy.access_loggers.stdout",
                "access_loggers.stream.v3.StdoutAccessLog",
                log_format={"json_format": _ACCESS_LOG},
            )
        ],
    )
    return {
        "name": "router",
        "address": {"socket_address": {"address": router.host, "port_value": router.port}},
        "per_connection_buffer_limit_bytes": BUFFER,
        "filter_chains": [{"filters": [connections]}],
    }
