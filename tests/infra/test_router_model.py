"""What cannot be rendered safely is refused before."""

from dataclasses import replace

import pytest

from infra.router.errors import RouterError
from infra.router.haproxy import render_haproxy
from infra.router.model import Endpoint, Router
from tests.infra.router_kit import DIGESTS, two

HOSTILE = (
    "a b",
    'a"b',
    "a'b",
    "a\nserver evil 192.0.2.9:80",
    "a#b",
    "a\\b",
    "a${HOME}",
    "ä",
    "a\x00b",
    "a\u2028b",
    "]]",
    "a]]",
    "",
    "-a",
    "a" * 64,
)


@pytest.mark.parametrize("name", HOSTILE)
def test_an_endpoints_name_must_stay_one_word(name: str) -> None:
    with pytest.raises(RouterError):
        Endpoint(name, "http://127.0.0.1:1")


@pytest.mark.parametrize("name", [*HOSTILE, "A", "a/b", "a..b", "a.", "../x"])
def test_a_models_name_must_stay_a_part_of_a_path(name: str) -> None:
    with pytest.raises(RouterError):
        Router(name, ())


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example",
        "http://",
        "a.example:80",
        "http://a.example/path",
        "http://a.example?query",
        "http://a.example#part",
        "http://user:secret@a.example",
        "http://a.example:0",
        "http://a.example:65536",
        "http://a.example:80 ",
        "http://a b.example",
        "http://a.example\n",
        "ht\ttp://a.example",
        "http://a.example\r\nserver evil 192.0.2.9:80",
        "http://a'b.example",
        "http://-a.example",
        "http://münchen.example",
        "http://[::1%25eth0]:80",
        "http://[1.2.3.4]:80]",
        "http://127.1",
        "http://0x7f.0x1",
        "http://2130706433",
        "http://256.1.1.1",
    ],
)
def test_an_address_is_scheme_host_and_port_alone(url: str) -> None:
    with pytest.raises(RouterError) as caught:
        Endpoint("one", url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "host", "port", "tls"),
    [
        ("http://a.example", "a.example", 80, False),
        ("https://a.example/", "a.example", 443, True),
        ("https://a_b.example.com:8443", "a_b.example.com", 8443, True),
        ("http://127.0.0.1:8080", "127.0.0.1", 8080, False),
        ("http://[2001:db8::1]:8080", "2001:db8::1", 8080, False),
        ("http://localhost:1", "localhost", 1, False),
    ],
)
def test_addresses_that_will_do(url: str, host: str, port: int, tls: bool) -> None:
    endpoint = Endpoint("one", url)
    assert (endpoint.host, endpoint.port, endpoint.tls) == (host, port, tls)


@pytest.mark.parametrize(
    "change",
    [
        {"digests": ("a" * 63,)},
        {"digests": (DIGESTS[0].upper(),)},
        {"digests": ("a" * 64 + "|.*",)},
        {"host": "localhost"},
        {"host": "0.0.0.0:80\nbind *:81"},
        {"port": -1},
        {"port": 65536},
        {"admin_port": 70000},
        {"region": 'eu"'},
        {"per_try": 0.0},
        {"per_try": float("nan")},
        {"timeout": float("inf")},
        {"peak": -1.0},
        {"dns_name": "a b"},
        {"dns_name": "192.0.2.1"},
        {"endpoints": (Endpoint("one", "http://a.example"), Endpoint("one", "http://b.example"))},
        {"endpoints": tuple(Endpoint(f"e{n}", f"http://a:{n + 1}") for n in range(129))},
    ],
)
def test_a_router_of_impossible_values_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(RouterError):
        replace(two(), **change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"cloud": "a\nb"},
        {"region": "eu'"},
        {"priority": -1},
        {"weight": -1},
        {"weight": 10**9},
        {"capacity": float("nan")},
    ],
)
def test_an_endpoint_of_impossible_values_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(RouterError):
        replace(two().endpoints[0], **change)  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["/a b", "/a\nb", "/a'", "/a#", "/$HOME", "\\"])
def test_paths_must_stay_words_too(path: str) -> None:
    with pytest.raises(RouterError):
        render_haproxy(two(), stats_socket=path)
    with pytest.raises(RouterError):
        Endpoint("one", "https://a.example", ca_file=path)


def test_authorities_are_for_https_and_at_an_absolute_path() -> None:
    for url, path in (("http://a", "/ca.pem"), ("https://a", "ca.pem"), ("https://a", "/")):
        with pytest.raises(RouterError):
            Endpoint("one", url, ca_file=path)
