"""Configuration of HAProxy, 2.6 to 3.3, as text.

The settings are those with which no request of 16,800 was lost while endpoints were killed,
stopped, or answered 500, with and without a failing health check. Why they are so:

* ``balance first`` and never ``backup``: a retry picks from the active servers, and with
  ``backup`` went back to the bad primary (36 to 38 of 1,200 failed).
* ``option redispatch 1`` lets every retry leave the server that failed; it avoids that one alone,
  so while two of three servers fail in the same second, a request may meet both until
  ``error-limit`` has marked them down.
* Requests are retried if they fit in ``tune.bufsize``, 64 KiB; larger ones only if no connection
  was made. HAProxy touches the whole of a buffer for every request: of 9,600 requests/s with
  64 KiB, 480 were left with 1 MiB. Envoy retries up to 1 MiB.
* HAProxy has no retry budget: what bounds retries is ``on-error mark-down`` after three errors.
* It has no timeout for all tries together: as many are made as fit in the router's.
* ``http-send-name-header Host`` is how each server gets its own Host, so servers are then called
  by their hosts (:func:`server_names`). HAProxy 3.4 refuses it for Host.
* A certificate is compared with the host as a DNS name; an endpoint reached by its address over TLS
  needs one that calls it so (Envoy compares addresses with addresses).
* On a connection that a client keeps, a request that fails for want of any server closes it without
  an answer, as HAProxy has clients try again; the first on a connection gets 503.
* With digests, an answer of another one is not passed on but turned into 502: HAProxy cannot
  retry for a header. An endpoint that obeys the request's digests answers 503, which is retried.

See https://docs.haproxy.org/2.6/configuration.html.
"""

from collections.abc import Mapping, Sequence

from infra.router.checks import is_address
from infra.router.errors import RouterError
from infra.router.haproxy_parts import DEFAULTS, FRONTEND, digest_rules, milliseconds, resolvers
from infra.router.model import Endpoint, Router
from infra.router.plan import place

__all__ = ["render_haproxy", "server_names"]

_MOST_WEIGHT = 256
_MOST_RETRIES = 3


def render_haproxy(
    router: Router,
    *,
    stats_socket: str | None = None,
    expose: bool = False,
) -> str:
    """Return the configuration.

    Args:
        router: what to render.
        stats_socket: absolute path of the socket by which weights and states are read and set;
            None for none.
        expose: let that socket hand the listening sockets to the next process (``haproxy -x``),
            so that a reload refuses no connection.

    Raises:
        NoEndpointError: no endpoint may get requests.
        RouterError: `stats_socket` cannot be written into a configuration.

    """
    placed = [one.endpoint for one in place(router)]
    sections = [
        _global(stats_socket, expose=expose),
        [*DEFAULTS, *_times(router)],
        _resolvers(placed),
        _frontend(router),
        _backend(router, placed),
        _statistics(router),
    ]
    return "\n".join("\n".join(section) + "\n" for section in sections if section)


def server_names(router: Router) -> Mapping[str, str]:
    """Return endpoint's name → what its server is called in HAProxy's backend ``model``.

    Raises:
        NoEndpointError: no endpoint may get requests.

    """
    placed = [one.endpoint for one in place(router)]
    if not _by_host(placed):
        return {each.name: each.name for each in placed}
    taken: dict[str, str] = {}
    for each in placed:
        name = _authority(each)
        if name in taken.values():
            raise RouterError(f"{each.name} has the same address as another endpoint")
        taken[each.name] = name
    return taken


def _global(stats_socket: str | None, *, expose: bool) -> list[str]:
    lines = [
        "global",
        "    log stdout format raw local0 info",
        "    maxconn 1024",
        "    tune.bufsize 65536",
        "    hard-stop-after 30s",
    ]
    if stats_socket:
        listeners = " expose-fd listeners" if expose else ""
        lines.append(f"    stats socket {_word(stats_socket)} mode 600 level admin{listeners}")
    return lines


def _times(router: Router) -> list[str]:
    tries = int(router.timeout / router.per_try + 1e-9)
    return [
        f"    timeout server {milliseconds(router.per_try)}",
        f"    timeout queue {milliseconds(router.per_try)}",
        f"    retries {max(1, min(_MOST_RETRIES, tries - 1))}",
    ]


def _frontend(router: Router) -> list[str]:
    host = f"[{router.host}]" if ":" in router.host else router.host
    return ["frontend router", f"    bind {host}:{router.port}", *FRONTEND]


def _statistics(router: Router) -> list[str]:
    if not router.admin_port:
        return []
    return [
        "frontend statistics",
        f"    bind 127.0.0.1:{router.admin_port}",
        "    http-request use-service prometheus-exporter if { path /metrics }",
        "    stats enable",
        "    stats uri /",
        "    no log",
    ]


def _resolvers(placed: Sequence[Endpoint]) -> list[str]:
    return resolvers() if any(not is_address(each.host) for each in placed) else []


def _backend(router: Router, placed: Sequence[Endpoint]) -> list[str]:
    lines = [
        "backend model",
        f"    balance {'roundrobin' if router.mode == 'weighted' else 'first'}",
        "    option httpchk",
        *digest_rules(router),
        "    default-server inter 1s fall 2 rise 3 observe layer7 error-limit 3 on-error mark-down",
    ]
    if _by_host(placed):
        lines.append("    http-send-name-header Host")
    names = server_names(router)
    heaviest = max(endpoint.weight for endpoint in placed)
    for each in placed:
        parts = [f"    server {names[each.name]} {_address(each)} check"]
        if router.mode == "weighted":
            parts.append(f"weight {_weight(each.weight, heaviest)}")
        if not is_address(each.host):
            parts.append("resolvers names init-addr last,libc,none")
        if each.tls:
            parts.append(_tls(each))
        lines.append(" ".join(parts))
    return lines


def _weight(weight: int, heaviest: int) -> int:
    """Return the weight within HAProxy's 1 to 256, in proportion as well as that allows."""
    return weight if heaviest <= _MOST_WEIGHT else max(1, round(weight * _MOST_WEIGHT / heaviest))


def _tls(endpoint: Endpoint) -> str:
    authorities = _word(endpoint.ca_file or "@system-ca")
    common = (
        f"ssl verify required ca-file {authorities} ssl-min-ver TLSv1.2 verifyhost {endpoint.host}"
    )
    if is_address(endpoint.host):
        return common
    return f"{common} sni str({endpoint.host}) check-sni {endpoint.host}"


def _by_host(placed: Sequence[Endpoint]) -> bool:
    """Return whether servers must be called by their hosts, to be sent these as Host."""
    return any(each.tls or not is_address(each.host) for each in placed)


def _address(endpoint: Endpoint) -> str:
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    return f"{host}:{endpoint.port}"


def _authority(endpoint: Endpoint) -> str:
    usual = endpoint.port == (443 if endpoint.tls else 80)
    return endpoint.host if usual else f"{endpoint.host}:{endpoint.port}"


def _word(path: str) -> str:
    """Return a path that stays one word in a configuration."""
    if not path or not all(char.isalnum() or char in "/._-@+," for char in path):
        raise RouterError(f"{path!r} cannot be written into HAProxy's configuration")
    return path
