"""The parts of HAProxy's configuration that do not depend on the endpoints."""

from infra.contract import DIGEST_HEADER, EXPECT_HEADER, model_ready_path
from infra.router.model import Router

__all__ = ["DEFAULTS", "FRONTEND", "digest_rules", "milliseconds", "resolvers"]


def milliseconds(seconds: float) -> str:
    """Return a time as HAProxy reads it, such as ``250ms``; at least one."""
    return f"{max(1, round(seconds * 1000))}ms"


def _error(status: int, text: str) -> str:
    return (
        f"    http-error status {status} content-type application/json"
        f' string \'{{"error": "{text}"}}\''
    )


DEFAULTS = [
    "defaults",
    "    mode http",
    "    log global",
    "    timeout connect 250ms",
    "    timeout check 500ms",
    "    timeout client 60s",
    "    timeout http-request 30s",
    "    timeout http-keep-alive 300s",
    "    option http-buffer-request",
    "    option redispatch 1",
    "    retry-on conn-failure empty-response response-timeout 500 502 503 504",
    _error(400, "not a request that HTTP allows"),
    _error(408, "the request did not come whole in time"),
    _error(500, "the router failed"),
    _error(502, "the answer of an endpoint could not be used"),
    _error(503, "no endpoint is healthy"),
    _error(504, "no endpoint answered in time"),
]

# Values of the request are written as JSON strings while it is there: its path may hold quotes.
_ACCESS_LOG = (
    '{"time":"%[date,utime(%Y-%m-%dT%H:%M:%SZ)]","request_id":"%[var(txn.id),json(utf8s)]",'
    '"client":"%ci","method":"%[var(txn.method),json(utf8s)]",'
    '"path":"%[var(txn.path),json(utf8s)]","status":%ST,"flags":"%ts","bytes_in":%U,'
    '"bytes_out":%B,"milliseconds":%Ta,"endpoint":"%s","retries":"%rc",'
    '"digest":"%[var(txn.digest),json(utf8s)]"}'
)

FRONTEND = [
    "    option forwardfor",
    # After a reload the old process says "Connection: close" with the next answer; without, it
    # closes idle connections at once, and a request that is already on its way is lost.
    "    option idle-close-on-response",
    "    http-request set-var(txn.method) method",
    "    http-request set-var(txn.path) path",
    "    http-request set-var(txn.infer) bool(true) if METH_POST",
    "    http-request set-header X-Request-ID %[uuid()] unless { req.hdr(X-Request-ID) -m found }",
    "    http-request set-var(txn.id) req.hdr(X-Request-ID)",
    "    http-request set-header X-Forwarded-Proto http",
    "    http-request set-header X-Forwarded-Host %[req.hdr(Host)]",
    f"    http-response set-var(txn.digest) res.hdr({DIGEST_HEADER})",
    "    http-response del-header Server",
    "    http-after-response set-header X-Request-ID %[var(txn.id)]",
    f"    log-format '{_ACCESS_LOG}'",
    "    default_backend model",
]


def digest_rules(router: Router) -> list[str]:
    """Return the health check, and which answers are passed on."""
    path = model_ready_path(router.model)
    send = f"    http-check send meth GET uri {path} ver HTTP/1.1 hdr Host %[srv_name]"
    if not router.digests:
        return [send, "    http-check expect status 200"]
    expected = ",".join(router.digests)
    demand = f"    http-request set-header {EXPECT_HEADER} {expected}"
    unset = f"!{{ req.hdr({EXPECT_HEADER}) -m found }}"
    other = f"!{{ res.hdr({DIGEST_HEADER}) -m str {' '.join(router.digests)} }}"
    refuse = (
        "    http-response return status 502 content-type application/json"
        ' string \'{"error": "an endpoint answered with another model"}\''
    )
    mark = "    http-request set-var(txn.model) bool(true)"
    given = "{ var(txn.infer) -m bool } { status 200:299 }"
    any_of = f"^({'|'.join(router.digests)})$"
    return [
        f"{send} hdr {EXPECT_HEADER} {expected}",
        "    http-check expect status 200",
        f"    http-check expect hdr name {DIGEST_HEADER} value -m reg {any_of}",
        f"{mark} if {{ path_beg /v2/models/{router.model}/ }}",
        f"{demand} if {{ var(txn.model) -m bool }} {unset}",
        f"{refuse} if {{ var(txn.model) -m bool }} {given} {other}",
    ]


def resolvers() -> list[str]:
    """Return name servers: the system's, asked every 5 s; what was known is kept an hour."""
    return [
        "resolvers names",
        "    parse-resolv-conf",
        "    resolve_retries 3",
        "    timeout resolve 5s",
        "    timeout retry 1s",
        "    hold valid 5s",
        "    hold obsolete 1h",
        "    hold nx 1h",
        "    hold refused 1h",
        "    hold timeout 1h",
        "    hold other 1h",
    ]
