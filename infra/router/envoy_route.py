"""Envoy's routes: where requests go, what is tried again, which answers may be passed on.

A request is buffered for retries up to 1 MiB (``request_body_buffer_limit``); a larger one is
passed on as it comes and is not retried. The buffer filter is not used: it would refuse larger
requests with 413, and hold each until it is whole. See "per_request_buffer_limit_bytes" in
https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/config/route/v3/route_components.proto.

With digests, a request for the model tells the endpoints which ones may answer. An answer of
another digest is tried elsewhere; if that fails too, a few lines of Lua put 502 in its place. An
answer without a digest is not retried, since refusals such as 401 have none, but predictions
without one are not passed on either.
"""

from infra.contract import DIGEST_HEADER, EXPECT_HEADER
from infra.router.envoy_parts import CLUSTER, Json, added_header, duration, message, typed
from infra.router.model import Router
from infra.router.plan import pick_attempts

__all__ = ["BUFFER", "LUA", "ROUTES", "route_configuration"]

BUFFER = 1024 * 1024
LUA = "envoy.filters.http.lua"
ROUTES = "model"

_RETRIED = [500, 502, 503, 504]


def route_configuration(router: Router) -> Json:
    """Return the routes: every path leads to the one cluster."""
    rest = _route(router, {"prefix": "/"}, ())
    routes = [rest]
    if router.digests:
        whole = {"path_separated_prefix": f"/v2/models/{router.model}"}
        posted = {**whole, "headers": [{"name": ":method", "string_match": {"exact": "POST"}}]}
        predict = _route(router, posted, router.digests)
        predict["typed_per_filter_config"] = {
            LUA: message(
                "filters.http.lua.v3.LuaPerRoute",
                source_code={"inline_string": _lua(router.digests)},
            )
        }
        routes = [predict, _route(router, whole, router.digests), rest]
    return {
        "name": ROUTES,
        "response_headers_to_remove": ["server", "x-envoy-upstream-service-time"],
        "virtual_hosts": [{"name": "model", "domains": ["*"], "routes": routes}],
    }


def _route(router: Router, match: Json, digests: tuple[str, ...]) -> Json:
    route: Json = {
        "match": match,
        "route": {
            "cluster": CLUSTER,
            "timeout": duration(router.timeout),
            "auto_host_rewrite": True,
            "append_x_forwarded_host": True,
            "retry_policy": _retry_policy(router, digests),
        },
        "request_body_buffer_limit": BUFFER,
    }
    if digests:
        # A caller may demand one of them; what it demands beyond them is refused by the answer.
        expected = added_header(EXPECT_HEADER, ",".join(digests), "ADD_IF_ABSENT")
        route["request_headers_to_add"] = [expected]
    return route


def _retry_policy(router: Router, digests: tuple[str, ...]) -> Json:
    policy: Json = {
        "retry_on": "retriable-status-codes,reset,connect-failure,refused-stream",
        "retriable_status_codes": _RETRIED,
        "num_retries": 3,
        "per_try_timeout": duration(router.per_try),
        "retry_back_off": {"base_interval": "0.025s", "max_interval": "0.25s"},
        "retry_host_predicate": [
            typed(
                "envoy.retry_host_predicates.previous_hosts",
                "retry.host.previous_hosts.v3.PreviousHostsPredicate",
            )
        ],
        "host_selection_retry_max_attempts": pick_attempts(router),
        "retry_priority": typed(
            "envoy.retry_priorities.previous_priorities",
            "retry.priority.previous_priorities.v3.PreviousPrioritiesConfig",
            update_frequency=1,
        ),
    }
    if digests:
        policy["retry_on"] += ",retriable-headers"
        policy["retriable_headers"] = [
            {
                "name": DIGEST_HEADER,
                "string_match": {"safe_regex": {"regex": "|".join(digests)}},
                "invert_match": True,
            }
        ]
    return policy


def _lua(digests: tuple[str, ...]) -> str:
    wanted = ", ".join(f'["{digest}"] = true' for digest in digests)
    return f"""\
local wanted = {{ {wanted} }}
function envoy_on_response(handle)
  local headers = handle:headers()
  if string.sub(headers:get(":status"), 1, 1) ~= "2" then return end
  if wanted[headers:get("{DIGEST_HEADER}") or ""] then return end
  headers:replace(":status", "502")
  headers:replace("content-type", "application/json")
  headers:remove("content-encoding")
  headers:remove("{DIGEST_HEADER}")
  handle:body(true):setBytes('{{"error": "an endpoint answered with another model"}}')
end
"""
