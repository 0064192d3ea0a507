"""Each safe setting of what is rendered, taken away, makes exactly one rule fire."""

from dataclasses import replace

import pytest

from infra.router import lint_haproxy as module
from infra.router.haproxy import render_haproxy
from infra.router.haproxy_text import read, words
from infra.router.lint import lint_haproxy
from infra.router.model import Endpoint
from tests.infra.router_kit import DIGESTS, two

ROUTER = replace(
    two(digests=DIGESTS),
    endpoints=(
        Endpoint("one", "http://127.0.0.1:8081"),
        Endpoint("two", "https://two.example.com", priority=1),
    ),
)
OURS = render_haproxy(ROUTER, stats_socket="/run/router/haproxy.sock")

# What is rendered, what is put in its place, and what must be said then.
MUTATIONS = [
    ("    hard-stop-after 30s\n", "", "hard-stop"),
    ("stats socket /run/router/haproxy.sock", "stats socket 0.0.0.0:9999", "admin-exposed"),
    ("global\n", "global\n    server-state-file /tmp/state\n", "server-state"),
    ("    option redispatch 1\n", "", "retry-same-host"),
    ("option redispatch 1", "option redispatch", "retry-same-host"),
    ("option redispatch 1", "option redispatch 3", "retry-same-host"),
    ("    retries 3\n", "    retries 0\n", "retry-missing"),
    ("    retries 3\n", "    retries 10\n", "retry-budget"),
    (" 500 502 503 504\n", "\n", "retry-missing"),
    ("response-timeout 500", "500", "retry-missing"),
    ("    option http-buffer-request\n", "", "request-buffer"),
    ("timeout connect 250ms", "timeout connect 0", "timeouts-missing"),
    ("    timeout server 1000ms\n", "", "timeouts-missing"),
    ("    timeout client 60s\n", "", "timeouts-missing"),
    ("    timeout http-request 30s\n", "", "timeouts-missing"),
    ("    option httpchk\n", "", "health-check-shallow"),
    ("/v2/models/penguins/ready", "/healthz", "health-check-shallow"),
    ("/v2/models/penguins/ready", "/v2/health/ready", "health-check-shallow"),
    ("127.0.0.1:8081 check", "127.0.0.1:8081", "health-check-missing"),
    ("127.0.0.1:8081 check", "127.0.0.1:8081 check no-check", "health-check-missing"),
    ("rise 3", "rise 1", "failback-hysteresis"),
    ("inter 1s", "inter 10s", "slow-detection"),
    ("fall 2", "fall 20", "slow-detection"),
    (" observe layer7", "", "outlier-missing"),
    (" on-error mark-down", "", "outlier-missing"),
    ("observe layer7", "observe layer4", "outlier-missing"),
    ("127.0.0.1:8081 check", "127.0.0.1:8081 check backup", "backup-redispatch"),
    ("127.0.0.1:8081 check", "127.0.0.1:8081 check slowstart 30s", "slowstart"),
    ("127.0.0.1:8081 check", "127.0.0.1:8000 check", "retries-layered"),
    (" resolvers names", "", "dns-hold"),
    (" init-addr last,libc,none", "", "dns-hold"),
    ("    hold nx 1h\n", "    hold nx 1s\n", "dns-hold"),
    ("    hold obsolete 1h\n", "", "dns-hold"),
    ("verify required", "verify none", "tls-unverified"),
    (" ca-file @system-ca", "", "tls-unverified"),
]


def test_ours_is_clean() -> None:
    assert lint_haproxy(OURS) == []


@pytest.mark.parametrize(("safe", "unsafe", "rule"), MUTATIONS)
def test_exactly_the_rule_for_it_fires(safe: str, unsafe: str, rule: str) -> None:
    assert safe in OURS
    found = lint_haproxy(OURS.replace(safe, unsafe))
    assert {each.rule for each in found} == {rule}
    assert all(each.message and each.hint for each in found)


def test_every_rule_of_the_table_was_seen() -> None:
    table = (module.__doc__ or "").splitlines()
    listed = {line.split()[0] for line in table if "  error  " in line or "  warning  " in line}
    assert listed == {rule for _, _, rule in MUTATIONS} | {"unreadable"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "global\n",
        "backend b\n",
        "backend b\n  server 'a",
        "backend b\n  server",
        "backend b\n  server a",
        "backend b\n  retries many\n  server a 127.0.0.1:1",
        "backend b\n  timeout server soon\n  server a 127.0.0.1:1",
        "\x00",
    ],
)
def test_what_is_no_configuration_is_said_to_be_none(text: str) -> None:
    assert [each.rule for each in lint_haproxy(text)] == ["unreadable"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("  server  a\t1.2.3.4:5 # comment", ["server", "a", "1.2.3.4:5"]),
        (r"a\ b 'c \ d' \"e", ["a b", r"c \ d", '"e']),
        ('string \'{"a": 1}\' "x # y"', ["string", '{"a": 1}', "x # y"]),
        ("a''b '' c", ["ab", "", "c"]),
        ("# all", []),
    ],
)
def test_lines_are_split_as_haproxy_splits_them(line: str, expected: list[str]) -> None:
    assert words(line) == expected


def test_defaults_hold_for_the_proxies_after_them() -> None:
    sections = read(
        "defaults base\n retries 1\ndefaults\n retries 2\nbackend b\n server a 1.1.1.1:1\n"
        "backend c from base\n option httpchk\n no option httpchk\n"
    )
    by_name = {each.name: each for each in sections if each.kind == "backend"}
    assert by_name["b"].last("retries") == ["retries", "2"]
    assert by_name["c"].last("retries") == ["retries", "1"]
    assert not by_name["c"].has("httpchk")


def test_somebody_elses_usual_configuration() -> None:
    text = """
global
    stats socket /var/run/haproxy.sock level admin
defaults
    mode http
    timeout connect 5s
    timeout client 50s
    timeout server 50s
    option redispatch
listen web
    bind *:80
    option httpchk GET /healthz
    server a a.example.com:80 check
    server b 10.0.0.2:80 check backup
"""
    assert {each.rule for each in lint_haproxy(text)} == {
        "hard-stop",
        "health-check-shallow",
        "outlier-missing",
        "retry-missing",
        "retry-same-host",
        "request-buffer",
        "backup-redispatch",
        "timeouts-missing",
        "dns-hold",
    }
