"""The rules for Envoy's listeners and routes; see the table in lint_envoy."""

from collections.abc import Iterator
from typing import Any

from infra.router.finding import Finding, error
from infra.router.lint_envoy_cluster import seconds

__all__ = ["lint_listener", "lint_routes"]

Json = dict[str, Any]

_FAILURES = {"5xx", "gateway-error", "retriable-status-codes"}
_LOST = {"5xx", "reset", "connect-failure", "gateway-error"}


def lint_listener(listener: Json) -> list[Finding]:
    """Return what is wrong with the routes within a listener."""
    found: list[Finding] = []
    for chain in [*(listener.get("filter_chains") or []), listener.get("default_filter_chain")]:
        for each in (chain or {}).get("filters") or []:
            config = each.get("typed_config") or {}
            if isinstance(config.get("route_config"), dict):
                found += lint_routes(config["route_config"])
    return found


def lint_routes(routes: Json) -> list[Finding]:
    """Return what is wrong with a route configuration; the same once, however many routes."""
    found: dict[tuple[str, str], Finding] = {}
    for host in routes.get("virtual_hosts") or []:
        for route in host.get("routes") or []:
            action = route.get("route")
            if isinstance(action, dict):
                for each in _action(action, action.get("retry_policy") or host.get("retry_policy")):
                    found.setdefault((each.rule, each.message), each)
    return list(found.values())


def _action(action: Json, policy: Json | None) -> Iterator[Finding]:
    if seconds(action.get("timeout"), 15.0) <= 0:
        yield error(
            "timeouts-missing",
            "a route lets requests take for ever",
            "set its timeout to a few seconds",
        )
    hedge = action.get("hedge_policy") or {}
    if hedge.get("hedge_on_per_try_timeout") or int(hedge.get("initial_requests", 1)) > 1:
        yield error(
            "retries-layered",
            "a route hedges and retries: each request may be sent many times",
            "remove hedge_policy",
        )
    on = {word.strip() for word in str((policy or {}).get("retry_on", "")).split(",")}
    if policy is None or int(policy.get("num_retries", 1)) < 1 or not on & _FAILURES:
        yield error(
            "retry-missing",
            "a route does not try a failed request again",
            "set retry_policy: retriable-status-codes, reset, connect-failure; num_retries 3",
        )
        return
    if not on & _LOST:
        yield error(
            "retry-missing",
            "a route does not try again what was lost with its connection",
            "add reset and connect-failure to retry_on",
        )
    yield from _policy(policy)


def _policy(policy: Json) -> Iterator[Finding]:
    if "retriable-status-codes" in str(policy.get("retry_on", "")) and not policy.get(
        "retriable_status_codes"
    ):
        yield error(
            "retry-missing",
            "a route retries retriable-status-codes and names none",
            "set retriable_status_codes to 500, 502, 503, 504",
        )
    if seconds(policy.get("per_try_timeout"), 0.0) <= 0:
        yield error(
            "timeouts-missing",
            "a route's first try may use up the time of all",
            "set per_try_timeout above the model's p99.9",
        )
    predicates = [str(each.get("name")) for each in policy.get("retry_host_predicate") or []]
    priority = str((policy.get("retry_priority") or {}).get("name", ""))
    if not any("previous_hosts" in each for each in predicates) or (
        "previous_priorities" not in priority
    ):
        yield error(
            "retry-same-host",
            "a route's retries may go where the request just failed",
            "add previous_hosts and previous_priorities",
        )
