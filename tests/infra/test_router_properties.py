"""Any valid router is rendered, the same each time, and without those that get no requests."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from infra.router.envoy import render_envoy, render_envoy_files
from infra.router.errors import NoEndpointError, RouterError
from infra.router.haproxy import render_haproxy, server_names
from infra.router.haproxy_text import read
from infra.router.lint import lint_envoy, lint_haproxy, lint_router
from infra.router.model import Endpoint, Router
from infra.router.plan import left_out, place
from tests.infra.proxies_kit import accepts_envoy, accepts_haproxy

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)
MODELS = st.from_regex(r"[a-z0-9]([a-z0-9_-]{0,20}[a-z0-9])?", fullmatch=True)
LABELS = st.sampled_from(["", "aws", "gcp", "eu-central-1", "westeurope", "West US 2", "moon"])
DIGESTS = st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
ADDRESSES = st.one_of(
    st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(lambda each: f"[{each}]")
)
HOSTS = st.one_of(ADDRESSES, st.from_regex(r"[a-z0-9]{1,8}\.example\.com", fullmatch=True))


@st.composite
def endpoints(draw: st.DrawFn) -> tuple[Endpoint, ...]:
    names = draw(st.lists(NAMES, min_size=1, max_size=6, unique_by=str.casefold))
    ports = draw(
        st.lists(st.integers(1, 65535), min_size=len(names), max_size=len(names), unique=True)
    )
    return tuple(
        Endpoint(
            name,
            f"{draw(st.sampled_from(['http', 'https']))}://{draw(HOSTS)}:{port}",
            draw(LABELS),
            draw(LABELS),
            priority=draw(st.integers(0, 5)),
            weight=draw(st.one_of(st.just(0), st.integers(1, 100), st.integers(1, 10**6))),
            canary=draw(st.booleans()),
            proven=draw(st.booleans()),
            resident=draw(st.booleans()),
        )
        for name, port in zip(names, ports, strict=True)
    )


@st.composite
def routers(draw: st.DrawFn) -> Router:
    timeout = draw(st.floats(0.1, 600))
    return Router(
        draw(MODELS),
        draw(endpoints()),
        mode=draw(st.sampled_from(["priority", "weighted", "locality"])),
        host=draw(st.sampled_from(["127.0.0.1", "0.0.0.0", "::", "::1", "192.0.2.1"])),
        port=draw(st.integers(1, 65535)),
        admin_port=draw(st.integers(1, 65535)),
        region=draw(LABELS),
        digests=tuple(draw(st.lists(DIGESTS, max_size=3, unique=True))),
        per_try=timeout / draw(st.integers(2, 9)),
        timeout=timeout,
    )


@given(routers())
@settings(max_examples=40, deadline=None)
def test_what_is_rendered_is_the_same_and_whole(router: Router) -> None:
    assert all(each.hint for each in lint_router(router))
    used = {each.name for each in router.endpoints} - set(left_out(router))
    try:
        text = render_envoy(router)
    except NoEndpointError:
        assert not used
        return
    assert text == render_envoy(router)
    (cluster,) = json.loads(text)["static_resources"]["clusters"]
    groups = cluster["load_assignment"]["endpoints"]
    assert {each["locality"]["sub_zone"] for each in groups} == used
    assert sorted({each["priority"] for each in groups}) == list(
        range(1 + max(one.level for one in place(router)))
    )
    assert {each.rule for each in lint_envoy(text)} <= {"retries-layered"}
    for name, content in render_envoy_files(router, "/x").items():
        assert json.loads(content), name


@given(routers())
@settings(max_examples=40, deadline=None)
def test_haproxy_gets_one_server_for_each_that_is_used(router: Router) -> None:
    used = {each.name for each in router.endpoints} - set(left_out(router))
    assume(used)
    try:
        text = render_haproxy(router)
    except RouterError as caught:
        assert "same address" in str(caught)  # noqa: PT017 - the rarer of two right outcomes
        return
    assert text == render_haproxy(router)
    (backend,) = (each for each in read(text) if each.kind == "backend")
    servers = [line[1] for line in backend.all("server")]
    assert sorted(servers) == sorted(server_names(router).values())
    assert set(server_names(router)) == used
    assert {each.rule for each in lint_haproxy(text)} <= {"retries-layered"}


@pytest.mark.slow
@given(routers())
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
def test_the_proxies_accept_it(router: Router) -> None:
    assume(set(left_out(router)) != {each.name for each in router.endpoints})
    with tempfile.TemporaryDirectory() as folder:
        accepts_envoy(render_envoy(router), Path(folder))
        accepts_haproxy(render_haproxy(router), Path(folder))


@given(st.text(max_size=200))
@settings(deadline=None)
def test_lints_of_any_text_end_with_findings(text: str) -> None:
    assert lint_envoy(text)
    assert lint_haproxy(text)
    assert lint_haproxy(f"backend b\n server a 127.0.0.1:1 {text}")


@given(st.text(min_size=1, max_size=40), st.text(max_size=40))
@settings(deadline=None)
def test_a_name_or_address_of_any_characters_stays_what_it_is(name: str, host: str) -> None:
    """Whatever is not refused comes out of the configuration as it went in."""
    try:
        endpoint = Endpoint(name, f"http://{host}")
        router = Router("penguins", (endpoint,))
        text = render_haproxy(router)
    except RouterError:
        return
    (backend,) = (each for each in read(text) if each.kind == "backend")
    assert len(backend.all("server")) == 1
    (group,) = json.loads(render_envoy(router))["static_resources"]["clusters"][0][
        "load_assignment"
    ]["endpoints"]
    assert group["locality"]["sub_zone"] == name
