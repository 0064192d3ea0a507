"""Files of authorities: where they come from, and which cannot be used."""

from dataclasses import replace
from pathlib import Path

import pytest

from deployer.errors import UsageError
from deployer.routing.endpoints import router_of
from deployer.routing.trust import check_trust, trusting
from deployer.settings import RouterEndpoint, RouterSettings, Settings
from infra.router.model import Router
from tests.fakes.authority import Authority


def router(ca_file: str | None = None, url: str = "https://a.example") -> Router:
    endpoints = {
        "one": RouterEndpoint(url=url, ca_file=ca_file),
        "two": RouterEndpoint(url="http://127.0.0.1:8082"),
    }
    return router_of(Settings(router=RouterSettings(model="penguins", endpoints=endpoints)))


def test_a_relative_path_is_made_whole_for_a_proxy_that_runs_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert router("our.pem").endpoints[0].ca_file == str(tmp_path / "our.pem")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert router("~/our.pem").endpoints[0].ca_file == "/home/somebody/our.pem"
    assert router().endpoints[0].ca_file == ""


@pytest.mark.parametrize(
    ("ca_file", "url"), [("/our ca.pem", "https://a"), ("/our.pem", "http://a")]
)
def test_what_no_proxy_can_use_is_refused_with_its_place(ca_file: str, url: str) -> None:
    with pytest.raises(UsageError) as caught:
        router(ca_file, url)
    assert caught.value.where == "[router.endpoints.one] ca_file"


def test_the_environment_is_believed_where_nothing_else_is_said(tmp_path: Path) -> None:
    ours, other = Authority(tmp_path), Authority(tmp_path, "other")
    environment = {"SSL_CERT_FILE": str(other.trusted)}
    assert [each.ca_file for each in trusting(router(), environment).endpoints] == [
        str(other.trusted),
        "",
    ]
    own = router(str(ours.trusted))
    assert trusting(own, environment) == own
    assert trusting(router(), {}) == router()
    with pytest.raises(UsageError) as caught:
        trusting(router(), {"SSL_CERT_FILE": "/with a blank"})
    assert caught.value.where == "SSL_CERT_FILE"


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_file_without_certificates_is_told_before_anything_runs(
    content: bytes | None, tmp_path: Path
) -> None:
    path = tmp_path / "our.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        check_trust(router(str(path)))
    assert str(path) in str(caught.value)
    assert "[router.endpoints.one] ca_file" in caught.value.where
    plain = replace(router(), endpoints=router().endpoints[1:])
    check_trust(plain)
