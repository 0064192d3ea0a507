"""The rules for Envoy's clusters; see the table in lint_envoy."""

import re
from collections.abc import Iterator
from typing import Any

from infra.router.finding import Finding, error, warning

__all__ = ["DEEP", "lint_cluster", "seconds"]

Json = dict[str, Any]

# The model's own readiness runs its golden rows; everything else can be well while it is not.
DEEP = re.compile(r"/v2/models/[^/]+(/versions/[^/]+)?/ready\Z")
_MOST_BUDGET = 50
_ALL = 100
_SLOW = 5.0


def seconds(value: object, default: float) -> float:
    """Return a protobuf duration such as ``0.25s`` as seconds."""
    if value is None:
        return default
    text = str(value)
    if not text.endswith("s"):
        raise ValueError(f"{text!r} is no duration")
    return float(text[:-1])


def lint_cluster(cluster: Json, listeners: list[Json]) -> list[Finding]:
    """Return what is wrong with a cluster; `listeners` are those of the same configuration."""
    name = str(cluster.get("name", "a cluster"))
    found = [
        *_checks(name, cluster),
        *_panic(name, cluster),
        *_ejection(name, cluster),
        *_budget(name, cluster),
        *_itself(name, cluster, listeners),
        *_tls(name, cluster),
    ]
    if seconds(cluster.get("connect_timeout"), 5.0) > 1.0:
        found.append(
            error(
                "timeouts-missing",
                f"{name}: a connection may take {seconds(cluster.get('connect_timeout'), 5.0):g} s",
                "set connect_timeout to 0.25s",
            )
        )
    return found


def _checks(name: str, cluster: Json) -> Iterator[Finding]:
    checks = cluster.get("health_checks") or []
    if not checks:
        yield error(
            "health-check-missing",
            f"{name}: endpoints are not checked",
            "add health_checks on the model's /ready path",
        )
    for check in checks:
        path = str((check.get("http_health_check") or {}).get("path", ""))
        if not DEEP.search(path.partition("?")[0]) and "grpc_health_check" not in check:
            yield error(
                "health-check-shallow",
                f"{name}: {path or 'a TCP connection'} can be well while the model does not answer",
                "check /v2/models/NAME/ready, which runs the golden rows",
            )
        # An interval for unused healthy hosts defaults to that for unused hosts, and this to 60 s.
        unused = seconds(check.get("no_traffic_interval"), 60.0)
        healthy = seconds(check.get("no_traffic_healthy_interval"), unused)
        if max(unused, healthy) > _SLOW:
            yield error(
                "no-traffic-interval",
                f"{name}: unused endpoints are checked every {max(unused, healthy):g} s: a standby "
                "that died, or that came late, is not known",
                "set no_traffic_interval and no_traffic_healthy_interval to 1s",
            )
        interval = seconds(check.get("interval"), _SLOW)
        if interval * int(check.get("unhealthy_threshold", 2)) > _SLOW:
            yield warning(
                "slow-detection",
                f"{name}: it takes more than {_SLOW:g} s to see that an endpoint is dead",
                "check every 1s, unhealthy_threshold 2",
            )
        if int(check.get("healthy_threshold", 1)) < 2:  # noqa: PLR2004 - one is no hysteresis
            yield error(
                "failback-hysteresis",
                f"{name}: one good check brings an endpoint back",
                "set healthy_threshold to 3",
            )


def _panic(name: str, cluster: Json) -> Iterator[Finding]:
    common = cluster.get("common_lb_config") or {}
    threshold = (common.get("healthy_panic_threshold") or {"value": 50}).get("value", 0)
    if float(threshold) > 0:
        yield error(
            "panic-threshold",
            f"{name}: under {threshold}% healthy endpoints, bad ones get requests, too",
            "set common_lb_config.healthy_panic_threshold to 0",
        )
    if seconds(common.get("update_merge_window"), 1.0) > 0:
        yield warning(
            "slow-ejection",
            f"{name}: changes of health within "
            f"{seconds(common.get('update_merge_window'), 1.0):g} s are held back together; "
            "meanwhile ejected endpoints get requests",
            "set common_lb_config.update_merge_window to 0s",
        )


def _ejection(name: str, cluster: Json) -> Iterator[Finding]:
    rule = cluster.get("outlier_detection")
    enforced = rule is not None and int(rule.get("enforcing_consecutive_5xx", _ALL)) > 0
    if rule is None or not enforced or int(rule.get("consecutive_5xx", 5)) > 10:  # noqa: PLR2004
        yield error(
            "outlier-missing",
            f"{name}: an endpoint that fails while its check succeeds stays in use",
            "add outlier_detection with consecutive_5xx 3",
        )
    elif int(rule.get("max_ejection_percent", 10)) < _ALL:
        yield error(
            "ejection-capped",
            f"{name}: no more than {rule.get('max_ejection_percent', 10)}% can be ejected",
            "set max_ejection_percent to 100",
        )


def _budget(name: str, cluster: Json) -> Iterator[Finding]:
    thresholds = (cluster.get("circuit_breakers") or {}).get("thresholds") or []
    budgets = [
        each.get("retry_budget")
        for each in thresholds
        if each.get("priority", "DEFAULT") in {"DEFAULT", 0}
    ]
    budget = next((each for each in budgets if each is not None), None)
    share = float(((budget or {}).get("budget_percent") or {}).get("value", 20))
    if budget is None or share > _MOST_BUDGET:
        what = "retries have no budget" if budget is None else f"the retry budget is {share:g}%"
        yield error(
            "retry-budget",
            f"{name}: {what}: when all endpoints fail, retries multiply the load",
            "set circuit_breakers.thresholds.retry_budget, 25% with at least 10",
        )


def _itself(name: str, cluster: Json, listeners: list[Json]) -> Iterator[Finding]:
    own = {_where(each) for each in listeners}
    for endpoint in _endpoints(cluster):
        host, port = _where(endpoint.get("endpoint") or {})
        anywhere = any((each, port) in own for each in ("0.0.0.0", "::"))  # noqa: S104 - compared
        if (host, port) in own or (anywhere and (host.startswith("127.") or host == "::1")):
            yield error(
                "retries-layered",
                f"{name}: {host}:{port} is a listener of this Envoy: retries multiply",
                "let endpoints be servers",
            )


def _endpoints(cluster: Json) -> Iterator[Json]:
    for group in (cluster.get("load_assignment") or {}).get("endpoints") or []:
        yield from group.get("lb_endpoints") or []


def _where(node: Json) -> tuple[str, int]:
    address = (node.get("address") or {}).get("socket_address") or {}
    return str(address.get("address", "")), int(address.get("port_value", -1))


def _tls(name: str, cluster: Json) -> Iterator[Finding]:
    sockets = [each.get("transport_socket") for each in cluster.get("transport_socket_matches", [])]
    for socket in [*sockets, cluster.get("transport_socket")]:
        config = (socket or {}).get("typed_config") or {}
        if not str(config.get("@type", "")).endswith("UpstreamTlsContext"):
            continue
        common = config.get("common_tls_context") or {}
        # A combined or fetched context is somebody's deliberate work.
        if "combined_validation_context" in common or "validation_context_sds_secret_config" in (
            common
        ):
            continue
        context = common.get("validation_context") or {}
        named = context.get("match_typed_subject_alt_names") or config.get(
            "auto_sni_san_validation"
        )
        if not context.get("trusted_ca") or not named:
            what = "by no authority" if not context.get("trusted_ca") else "for no name"
            yield error(
                "tls-unverified",
                f"{name}: an endpoint's certificate is checked {what}",
                "set validation_context.trusted_ca and match_typed_subject_alt_names",
            )
