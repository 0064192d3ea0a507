"""The OpenAPI document and the server agree: schemathesis tries to find where they do not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from deployer.serving.http.routes import Routes
from infra.contract import EXPECT_HEADER
from tests.deployer.serving.http.http_kit import KEY, Running

SCHEMATHESIS = Path(sys.executable).with_name("st")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


def test_every_route_is_documented_and_only_these(running: Running) -> None:
    document = running.ask("/openapi.json").json
    routes = {
        each.template.replace("{model}", "penguins").replace("{version}", "3"): each
        for each in Routes(None, {}).all
    }
    documented = {
        path.replace("{model}", "penguins").replace("{version}", "3"): operations
        for path, operations in document["paths"].items()
    }
    assert documented.keys() == routes.keys()
    for path, operations in documented.items():
        methods = {each.upper() for each in operations if each in ("get", "post", "head", "put")}
        assert methods - {"HEAD"} == set(routes[path].methods) - {"HEAD"}, path
        for operation in operations.values():
            free = operation.get("security", document["security"]) in ([], [{}])
            assert free == routes[path].open, path


@pytest.mark.slow
def test_schemathesis_finds_nothing(running: Running, tmp_path: Path) -> None:
    document = running.ask("/openapi.json").json
    for operations in document["paths"].values():
        for operation in operations.values():
            # A digest that is not served is answered with 503 by design, so made-up ones are not
            # sent: every other 5xx is an error.
            given = operation.get("parameters", [])
            operation["parameters"] = [
                each for each in given if each.get("name", "").lower() != EXPECT_HEADER
            ]
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document))
    ran = subprocess.run(
        [
            str(SCHEMATHESIS), "run", str(path), "--url", running.url, "-H", f"X-API-Key: {KEY}",
            "--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing",
            "--max-examples", "12", "--seed", "5", "--no-color",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-5000:] + ran.stderr[-2000:]
    assert "Tested: 15" in ran.stdout or "Tested: 16" in ran.stdout, ran.stdout[-1500:]
