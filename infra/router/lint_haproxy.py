"""Lint of a HAProxy configuration.

=====================  ========  =================================================================
rule                   severity  what is wrong
=====================  ========  =================================================================
unreadable             error     not a configuration, or one without servers
admin-exposed          error     the socket that changes everything listens beyond this machine
hard-stop              warning   an old process may live for ever after a reload
server-state           error     health from before a restart is believed
health-check-missing   error     a server is not checked
health-check-shallow   error     a check that succeeds while the model does not answer
slow-detection         warning   it takes more than 5 s to see that a server is dead
failback-hysteresis    error     one good check brings a server back, and the next takes it away
outlier-missing        error     a server that fails while its check succeeds stays in use
retry-budget           error     many retries, and nothing that bounds them but their number
retry-missing          error     a failed request is not tried again
retry-same-host        error     a retry may go where the request just failed
request-buffer         error     a request is not kept whole, so it cannot be tried again
backup-redispatch      error     retries go back to the bad primary: servers marked ``backup``
slowstart              error     a server that comes back gets few requests, and retries starve
retries-layered        error     a server is a frontend of this HAProxy: retries multiply
timeouts-missing       error     something may take for ever
dns-hold               error     a name that does not resolve stops a server, or the start
tls-unverified         error     a server's certificate is not checked
=====================  ========  =================================================================
"""

from collections.abc import Iterator

from infra.router.finding import Finding, error, warning
from infra.router.haproxy_text import Section, read
from infra.router.lint_haproxy_proxy import lint_proxy, lint_timeouts

__all__ = ["lint_haproxy"]


def lint_haproxy(text: str) -> list[Finding]:
    """Return what is wrong with the configuration; empty if nothing is."""
    try:
        sections = read(text)
        proxies = [each for each in sections if each.all("server") or each.all("server-template")]
        if not proxies:
            return [_unreadable("it has no server")]
        found = list(_global(sections))
        for each in proxies:
            found += lint_proxy(each, sections)
        for each in sections:
            if each.kind in {"frontend", "listen"}:
                found += lint_timeouts(each)
    except (ValueError, IndexError) as caught:
        return [_unreadable(str(caught))]
    return list(dict.fromkeys(found))


def _unreadable(message: str) -> Finding:
    return error("unreadable", message, "`haproxy -c -f FILE` tells more")


def _global(sections: list[Section]) -> Iterator[Finding]:
    own = [line for each in sections if each.kind == "global" for line in each.lines]
    for line in own:
        if line[:2] == ["stats", "socket"] and _reachable(line[2]) and "admin" in line:
            yield error(
                "admin-exposed",
                f"the socket {line[2]} lets whoever reaches it change everything",
                "use a path, mode 600",
            )
    if not any(line[0] == "hard-stop-after" for line in own):
        yield warning(
            "hard-stop",
            "after a reload, an old process may live as long as a client keeps its connection",
            "set hard-stop-after 30s",
        )
    states = [
        line
        for each in sections
        for line in each.lines
        if line[0] in {"load-server-state-from-file", "server-state-file"} and line[1:] != ["none"]
    ]
    if states:
        yield error(
            "server-state",
            "after a restart, servers are as they were when somebody last wrote the state",
            "remove load-server-state-from-file: checks know within 2 s",
        )


def _reachable(address: str) -> bool:
    """Return whether an address of a socket is more than a file or loopback."""
    if address.startswith(("/", "unix@", "abns@", "fd@")):
        return False
    host = address.removeprefix("ipv4@").removeprefix("ipv6@").rpartition(":")[0]
    return not (host.startswith("127.") or host in {"localhost", "::1", "[::1]"})
