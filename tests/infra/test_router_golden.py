"""What is rendered is what was looked at, and the proxies accept it without a warning."""

import json
from pathlib import Path

import pytest

from infra.router.lint import lint_envoy, lint_haproxy
from tests.fakes.authority import Authority
from tests.infra.proxies_kit import accepts_envoy, accepts_haproxy
from tests.infra.router_kit import GOLDEN, ROUTERS, golden_files


def test_every_file_is_the_golden_one() -> None:
    files = golden_files()
    assert {path.name for path in GOLDEN.iterdir()} == set(files)
    for name, text in files.items():
        assert text == (GOLDEN / name).read_text("utf-8"), name


@pytest.mark.parametrize("name", ROUTERS)
def test_envoy_accepts_it(name: str, tmp_path: Path) -> None:
    accepts_envoy(_here(golden_files()[f"{name}.envoy.json"], tmp_path), tmp_path)


@pytest.mark.parametrize("name", ROUTERS)
def test_haproxy_accepts_it(name: str, tmp_path: Path) -> None:
    text = _here(golden_files()[f"{name}.haproxy.cfg"], tmp_path)
    accepts_haproxy(text.replace("/run/router/haproxy.sock", str(tmp_path / "s")), tmp_path)


def _here(text: str, folder: Path) -> str:
    """Return a configuration whose files of authorities exist."""
    for name in ("our", "other"):
        if f"/etc/router/{name}.pem" in text:
            text = text.replace(f"/etc/router/{name}.pem", str(Authority(folder, name).trusted))
    return text


def test_envoy_accepts_the_files_that_it_follows(tmp_path: Path) -> None:
    # It does not open them while it validates, so they are put into one.
    files = {name: json.loads(text) for name, text in golden_files().items() if ".files." in name}
    bootstrap = files["digests.files.bootstrap.json"]
    assert bootstrap.pop("dynamic_resources")
    (cluster,) = files["digests.files.cds.json"]["resources"]
    (routes,) = files["digests.files.rds.json"]["resources"]
    (listener,) = files["digests.files.lds.json"]["resources"]
    for each in (cluster, routes, listener):
        del each["@type"]
    http = listener["filter_chains"][0]["filters"][0]["typed_config"]
    assert http.pop("rds")["route_config_name"] == routes["name"]
    http["route_config"] = routes
    bootstrap["static_resources"] = {"listeners": [listener], "clusters": [cluster]}
    assert (
        bootstrap["static_resources"]
        == json.loads(golden_files()["digests.envoy.json"])["static_resources"]
    )
    accepts_envoy(json.dumps(bootstrap), tmp_path)


@pytest.mark.parametrize("name", [name for name in golden_files() if "envoy" in name])
def test_envoys_files_lint_clean(name: str) -> None:
    assert lint_envoy(golden_files()[name]) == []


@pytest.mark.parametrize("name", [name for name in golden_files() if ".files." in name])
def test_envoys_dynamic_files_lint_clean(name: str) -> None:
    assert lint_envoy(golden_files()[name]) == []


@pytest.mark.parametrize("name", [name for name in golden_files() if "haproxy" in name])
def test_haproxys_files_lint_clean(name: str) -> None:
    assert lint_haproxy(golden_files()[name]) == []


@pytest.mark.parametrize("name", golden_files())
def test_nothing_is_left_of_endpoints_that_get_no_requests(name: str) -> None:
    text = golden_files()[name]
    assert "unproven" not in text
    assert "8083" not in text
    assert "abroad" not in text
    assert "8084" not in text
