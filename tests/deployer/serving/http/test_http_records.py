"""What is kept of requests: numbers by route, and failures for the operator's eyes alone."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deployer.serving.models import Models, Served
from deployer.serving.telemetry.metrics import exposition, prepare, telemetry
from deployer.settings import ServeSettings
from tests.deployer.serving.http.http_kit import INFER, drain, head, infer_body, serving, until


def counted(folder: Path) -> dict[tuple[str, str], float]:
    """Return the number of requests by route and status."""
    found = re.findall(
        r"^deployer_requests_total\{(.*)\} (.*)$", exposition(folder).decode(), re.MULTILINE
    )
    numbers: dict[tuple[str, str], float] = {}
    for labels, number in found:
        named = dict(re.findall(r'(\w+)="([^"]*)"', labels))
        key = named["route"], named["status"]
        numbers[key] = numbers.get(key, 0) + float(number)
    return numbers


def test_requests_are_counted_by_route_and_status(served: Served, tmp_path: Path) -> None:
    prepare(tmp_path)
    settings = ServeSettings(access_log=False, keys_file="/nonexistent")
    numbers = telemetry(settings, tmp_path)
    numbers.loaded(served, 0.1)
    models = Models()
    models.put(served)
    with serving(models, settings, counted=numbers) as running:
        running.ask(INFER, infer_body(served, 5))
        running.ask("/v2/models/penguins/versions/3/infer", infer_body(served))
        running.ask(INFER, b"{")
        for index in range(30):
            running.ask(f"/made/up/{index}", key=None)
            running.ask(f"/v2/models/made-up-{index}")
        with running.connect() as link:  # one that goes away
            link.sendall(head("content-length: 100"))
            until(lambda: running.app._at_once == 1)
        until(lambda: (INFER.replace("penguins", "{model}"), "499") in counted(tmp_path))
    infer = "/v2/models/{model}/infer"
    assert counted(tmp_path) == {
        (infer, "200"): 1,
        (infer, "400"): 1,
        (infer, "499"): 1,
        ("/v2/models/{model}/versions/{version}/infer", "200"): 1,
        ("(unknown)", "401"): 30,
        ("/v2/models/{model}", "404"): 30,
    }
    text = exposition(tmp_path).decode()
    assert "made-up" not in text
    assert re.search(r'deployer_request_rows_total\{model="penguins"\} 6\.0', text)
    assert re.search(r"deployer_requests_in_flight\S* 0\.0", text)


class Broken:
    """A model that fails as nobody foresaw."""

    def __init__(self, served: Served) -> None:
        self.schema = served.package.schema
        self.where = "here"

    def predict(self, arrays: Any) -> Any:
        raise RuntimeError("the secret of the inside")


@pytest.mark.parametrize("rows", [1, 3000])
def test_a_failure_is_told_to_the_operator_alone(
    served: Served, capfd: pytest.CaptureFixture[str], rows: int
) -> None:
    models = Models()
    models.put(replace(served, package=replace(served.package, classifier=Broken(served))))
    with serving(models) as running:
        body = infer_body(served, rows)
        with running.connect() as link:
            link.sendall(head(f"content-length: {len(body)}", "connection: close") + body)
            told = drain(link)
        assert told.startswith(b"HTTP/1.1 500 ")
        assert b'{"error":"' in told
        assert b"secret" not in told
        assert b"Traceback" not in told
        assert running.ask("/v2/health/live", key=None).status == 200
        assert running.ask("/v2/health/ready", key=None).status == 503
    assert "the secret of the inside" in capfd.readouterr().err
