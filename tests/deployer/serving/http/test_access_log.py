"""The access log: a line per request, nothing secret in it, and nobody waits for it."""

import json
import os
import re
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from deployer.serving.http.access_log import AccessLog, Entry
from deployer.serving.models import Models, Served
from deployer.settings import ServeSettings
from tests.deployer.serving.http.http_kit import DIGEST, KEY, infer_body, serving

ENTRY: Entry = (1_700_000_000.25, "GET", "/v2", 200, 0.0125, "1.2.3.4:5", "id", "me", "", "", 0)


def test_a_line_per_request_and_nothing_secret(
    served: Served, capfd: pytest.CaptureFixture[str]
) -> None:
    models = Models()
    models.put(served)
    settings = ServeSettings(keys_file="/nonexistent")
    with serving(models, settings) as running:
        body = infer_body(served, 7, id="in-the-body")
        running.ask("/v2/models/penguins/infer", body, headers={"x-request-id": "mine"})
        running.ask(
            "/v2/models/penguins/infer?key=in-the-query", b"{", headers={"cookie": "c00kie"}
        )
        running.ask("/v2/models", key="dk_a-wrong-one")
        running.ask("/v2/models/in-the-path/infer", body)
        running.ask("/in-the-path", method="PATCH")
        running.ask("/v2", method="in-the-method-far-too-long")
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    first, *others = lines
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first.pop("time"))
    assert first.pop("ms") > 0
    assert first.pop("client").startswith("127.0.0.1:")
    assert first == {
        "method": "POST",
        "route": "/v2/models/{model}/infer",
        "status": 200,
        "id": "mine",
        "who": "tester",
        "model": "penguins",
        "digest": DIGEST,
        "rows": 7,
    }
    assert [each["status"] for each in others] == [400, 401, 404, 404, 400]
    assert "who" not in others[1]
    assert others[3]["route"] == "(unknown)"
    text = json.dumps(lines)
    for secret in (
        KEY,
        "dk_a-wrong-one",
        "in-the-body",
        "in-the-query",
        "in-the-path",
        "in-the-method",
        "c00kie",
    ):
        assert secret not in text
    assert all(len(each["method"]) <= 16 for each in others)


def test_no_log_if_none_is_wanted(served: Served, capfd: pytest.CaptureFixture[str]) -> None:
    models = Models()
    models.put(served)
    with serving(models) as running:
        assert running.ask("/v2").status == 200
    assert capfd.readouterr().err == ""


def test_lines_stay_whole_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("wb") as file:
        log = AccessLog(file.fileno())
        for index in range(5000):
            log.add((*ENTRY[:6], f"id{index}", *ENTRY[7:]))
        log.close()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [each["id"] for each in lines] == [f"id{index}" for index in range(5000)]
    assert lines[0]["time"] == "2023-11-14T22:13:20.250Z"
    assert lines[0]["ms"] == 12.5


def test_a_reader_that_does_not_read_costs_lines_not_time() -> None:
    reading, writing = os.pipe()
    log = AccessLog(writing, most=1000)
    try:
        started = time.monotonic()
        for index in range(20_000):
            log.add((*ENTRY[:6], f"id{index}", *ENTRY[7:]))
        assert time.monotonic() - started < 5
        found: list[dict[str, Any]] = []

        def read() -> None:
            with os.fdopen(reading, "rb") as file:
                found.extend(json.loads(line) for line in file)

        reader = threading.Thread(target=read)
        reader.start()
        log.close()
        os.close(writing)
        reader.join(10)
    finally:
        log.close()
    told = sum(each.get("dropped", 0) for each in found)
    lines = [each for each in found if "id" in each]
    assert len(lines) + told == 20_000
    assert 1000 <= len(lines) < 20_000


def test_a_reader_that_is_gone_breaks_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    log = AccessLog(writing)
    log.add(ENTRY)
    log.close()
    os.close(writing)
