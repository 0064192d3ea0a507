"""The rules for HAProxy's proxies and their servers; see the table in lint_haproxy."""

import re
from collections.abc import Iterator

from infra.router.checks import is_address
from infra.router.finding import Finding, error, warning
from infra.router.haproxy_text import Section
from infra.router.lint_envoy_cluster import DEEP

__all__ = ["lint_proxy", "lint_timeouts"]

_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_HOLDS = ("nx", "timeout", "refused", "other", "obsolete")
_MOST_RETRIES = 3
_SLOW = 5.0


def lint_proxy(proxy: Section, sections: list[Section]) -> list[Finding]:
    """Return what is wrong with a backend (or listen) and its servers."""
    found = [
        *_retries(proxy),
        *_health_path(proxy),
        *lint_timeouts(proxy, ("connect", "server")),
    ]
    for line in [*proxy.all("server"), *proxy.all("server-template")]:
        found += _server(proxy, line, sections)
    return found


def lint_timeouts(
    proxy: Section, names: tuple[str, ...] = ("client", "http-request")
) -> Iterator[Finding]:
    """Yield the timeouts that a proxy lacks."""
    for name in names:
        line = proxy.last("timeout", name)
        if line is None or _time(line[2]) <= 0:
            yield error(
                "timeouts-missing",
                f"{proxy.name}: no timeout {name}: it may take for ever",
                f"set timeout {name}",
            )


def _retries(proxy: Section) -> Iterator[Finding]:
    number = int((proxy.last("retries") or ["retries", "3"])[1])
    kinds = set((proxy.last("retry-on") or ["retry-on", "conn-failure"])[1:])
    statuses = {"500", "502", "503", "504"} <= kinds or "all-retryable-errors" in kinds
    lost = {"conn-failure", "empty-response", "response-timeout"} <= kinds
    if number < 1 or not statuses or not (lost or "all-retryable-errors" in kinds):
        yield error(
            "retry-missing",
            f"{proxy.name}: a failed request is not tried again",
            "set retries 3 and retry-on conn-failure empty-response response-timeout "
            "500 502 503 504",
        )
    if number > _MOST_RETRIES:
        yield error(
            "retry-budget",
            f"{proxy.name}: {number} retries may make {number + 1} requests of each",
            "set retries 3",
        )
    line = proxy.last("option", "redispatch")
    if not proxy.has("redispatch") or line is None or (line[2:] or ["-1"]) != ["1"]:
        yield error(
            "retry-same-host",
            f"{proxy.name}: retries stay on the server that failed, all or all but the last",
            "set option redispatch 1",
        )
    if not proxy.has("http-buffer-request"):
        yield error(
            "request-buffer",
            f"{proxy.name}: requests are not kept whole, so not all can be tried again",
            "set option http-buffer-request",
        )


def _health_path(proxy: Section) -> Iterator[Finding]:
    if not any(_on(options, "check") for options in _all_options(proxy)):
        return
    paths = [word for line in proxy.all("option", "httpchk") for word in line if word[:1] == "/"]
    for line in proxy.all("http-check", "send"):
        paths += [line[at + 1] for at, word in enumerate(line[:-1]) if word == "uri"]
    if not proxy.has("httpchk") or not any(DEEP.search(path.split("?")[0]) for path in paths):
        what = paths[-1] if paths and proxy.has("httpchk") else "a connection"
        yield error(
            "health-check-shallow",
            f"{proxy.name}: {what} can be well while the model does not answer",
            "set option httpchk and http-check send uri /v2/models/NAME/ready",
        )


def _server(proxy: Section, line: list[str], sections: list[Section]) -> Iterator[Finding]:
    template = line[0] == "server-template"
    name, address = line[1], line[3] if template else line[2]
    where = f"{proxy.name}/{name}"
    options = _options(proxy, line)
    if not _on(options, "check"):
        yield error("health-check-missing", f"{where} is not checked", "add check")
    yield from _thresholds(where, options)
    if _on(options, "backup") and proxy.has("redispatch"):
        yield error(
            "backup-redispatch",
            f"{where} is a backup: retries pick from the active servers and go back to the bad one",
            "use balance first, in order, and no backup",
        )
    if "slowstart" in options:
        yield error(
            "slowstart",
            f"{where} gets few requests when it comes back",
            "remove slowstart",
        )
    if address in _binds(sections):
        yield error(
            "retries-layered",
            f"{where} is a frontend of this HAProxy: retries multiply",
            "let servers be endpoints",
        )
    host = address.rpartition(":")[0].strip("[]") or address
    if template or not (is_address(host) or address.startswith(("/", "unix@", "abns@", "fd@"))):
        yield from _names(where, options, sections)
    if _on(options, "ssl"):
        unverified = _value(options, "verify") != "required" or "ca-file" not in options
        if unverified or not {"verifyhost", "sni"} & set(options):
            yield error(
                "tls-unverified",
                f"{where}: its certificate is not checked, or for no name",
                "add verify required ca-file @system-ca sni str(HOST) verifyhost HOST",
            )


def _thresholds(where: str, options: list[str]) -> Iterator[Finding]:
    if int(_value(options, "rise") or 2) < 2:  # noqa: PLR2004 - one is no hysteresis
        yield error("failback-hysteresis", f"{where}: one good check brings it back", "set rise 3")
    if _time(_value(options, "inter") or "2s") * int(_value(options, "fall") or 3) > _SLOW + 1:
        yield warning(
            "slow-detection",
            f"{where}: it takes more than {_SLOW:g} s to see that it is dead",
            "set inter 1s fall 2",
        )
    watched = _value(options, "observe") == "layer7"
    if not watched or _value(options, "on-error") not in {
        "mark-down",
        "sudden-death",
        "fail-check",
    }:
        yield error(
            "outlier-missing",
            f"{where} stays in use if it fails while its check succeeds",
            "add observe layer7 error-limit 3 on-error mark-down",
        )


def _names(where: str, options: list[str], sections: list[Section]) -> Iterator[Finding]:
    used = _value(options, "resolvers")
    chosen = next((s for s in sections if s.kind == "resolvers" and s.name == used), None)
    held = chosen is not None and all(
        any(line[1] == kind and _time(line[2]) >= 60 for line in chosen.all("hold"))  # noqa: PLR2004
        for kind in _HOLDS
    )
    if not held or "none" not in (_value(options, "init-addr") or "").split(","):
        yield error(
            "dns-hold",
            f"{where}: when names do not resolve, it is lost, or HAProxy does not start",
            "use resolvers with hold nx, timeout, refused, other and obsolete of 1h, and init-addr "
            "last,libc,none",
        )


def _all_options(proxy: Section) -> list[list[str]]:
    lines = [*proxy.all("server"), *proxy.all("server-template")]
    return [_options(proxy, line) for line in lines]


def _options(proxy: Section, line: list[str]) -> list[str]:
    """Return a server's options, those of default-server first."""
    before = [word for each in proxy.all("default-server") for word in each[1:]]
    return [*before, *line[4 if line[0] == "server-template" else 3 :]]


def _on(options: list[str], name: str) -> bool:
    """Return whether a flag is on: the last of NAME and no-NAME holds."""
    state = False
    for word in options:
        state = True if word == name else False if word == f"no-{name}" else state
    return state


def _value(options: list[str], name: str) -> str | None:
    found = [options[at + 1] for at, word in enumerate(options[:-1]) if word == name]
    return found[-1] if found else None


def _binds(sections: list[Section]) -> set[str]:
    return {
        line[1]
        for each in sections
        for line in each.all("bind")
        if each.kind in {"frontend", "listen"}
    }


def _time(text: str) -> float:
    """Return a time of HAProxy's as seconds; without a unit it is milliseconds."""
    match = re.fullmatch(r"([0-9]+)(us|ms|s|m|h|d)?", text)
    if not match:
        raise ValueError(f"{text!r} is no time")
    return int(match[1]) * _UNITS[match[2] or "ms"]
