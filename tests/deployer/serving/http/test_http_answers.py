"""What the routes say when all is well, and what every response carries."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from deployer.serving.models import Models, Served
from deployer.settings import ServeSettings
from infra.contract import DIGEST_HEADER, EXPECT_HEADER
from tests.deployer.serving.http.http_kit import (
    DIGEST,
    INFER,
    KEY,
    Running,
    columns,
    infer_body,
    served_from,
    serving,
    until,
)


def test_a_row_gets_the_golden_answer_and_the_digest_of_what_gave_it(
    running: Running, served: Served
) -> None:
    rows = served.package.golden.rows
    answer = running.ask(INFER, infer_body(served, len(rows), id="seven"))
    assert answer.status == 200, answer.body
    assert answer.headers[DIGEST_HEADER] == DIGEST
    assert answer.headers["content-type"] == "application/json"
    told = answer.json
    assert (told["model_name"], told["model_version"], told["id"]) == ("penguins", "3", "seven")
    outputs = {each["name"]: each["data"] for each in told["outputs"]}
    assert outputs["label"] == [row.label for row in rows]
    promised = [value for row in rows for value in row.probabilities]
    assert all(
        math.isclose(a, b, abs_tol=1e-5)
        for a, b in zip(outputs["probabilities"], promised, strict=True)
    )


def test_a_large_request_is_answered_beside_the_loop_just_the_same(
    running: Running, served: Served
) -> None:
    body = infer_body(served, 4000)
    assert len(body) > 64 * 1024
    answer = running.ask(INFER, body)
    assert answer.status == 200
    labels = next(each for each in answer.json["outputs"] if each["name"] == "label")["data"]
    golden = [row.label for row in served.package.golden.rows]
    assert labels == [golden[index % len(golden)] for index in range(4000)]


def test_raw_tensors_come_back_with_the_length_of_their_json(
    running: Running, served: Served
) -> None:
    body = infer_body(served, 2, parameters={"binary_data_output": True})
    answer = running.ask(INFER, body)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/octet-stream"
    length = int(answer.headers["inference-header-content-length"])
    outputs = json.loads(answer.body[:length])["outputs"]
    sizes = [each["parameters"]["binary_data_size"] for each in outputs]
    assert sum(sizes) == len(answer.body) - length


def test_a_request_in_pieces_is_one_request(running: Running, served: Served) -> None:
    body = infer_body(served, 3)
    head = (
        f"POST {INFER} HTTP/1.1\r\nhost: x\r\nx-api-key: {KEY}\r\nconnection: close\r\n"
        "transfer-encoding: chunked\r\n\r\n"
    )
    pieces = b"".join(
        b"%x\r\n%s\r\n" % (len(body[at : at + 50]), body[at : at + 50])
        for at in range(0, len(body), 50)
    )
    assert b" 200 OK" in running.raw(head.encode() + pieces + b"0\r\n\r\n")


def test_pipelined_requests_are_answered_in_order(running: Running, served: Served) -> None:
    body = infer_body(served)
    one = (
        f"POST {INFER} HTTP/1.1\r\nhost: x\r\nx-api-key: {KEY}\r\nx-request-id: r%d\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    data = b"".join((one % index).encode() + body for index in range(20))
    told = running.raw(data + b"GET /v2 HTTP/1.1\r\nconnection: close\r\nx-request-id: end\r\n\r\n")
    assert told.count(b"HTTP/1.1 200 OK") == 20
    ids = [line for line in told.split(b"\r\n") if line.startswith(b"x-request-id")]
    assert ids == [
        *(f"x-request-id: r{index}".encode() for index in range(20)),
        b"x-request-id: end",
    ]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v2/health/live", {"live": True}),
        (
            "/v2/models",
            {"models": [{"name": "penguins", "version": "3", "digest": f"sha256:{DIGEST}"}]},
        ),
        (
            "/v2/models/penguins/ready",
            {"name": "penguins", "version": "3", "digest": f"sha256:{DIGEST}", "ready": True},
        ),
    ],
)
def test_documents_of_the_protocol(running: Running, path: str, expected: Any) -> None:
    answer = running.ask(path)
    assert (answer.status, answer.json) == (200, expected)


def test_a_version_may_be_named_and_only_the_one_that_is_served(running: Running) -> None:
    assert running.ask("/v2/models/penguins/versions/3").json["name"] == "penguins"
    assert running.ask("/v2/models/penguins/versions/3/ready").status == 200
    answer = running.ask("/v2/models/penguins/versions/4/ready")
    assert answer.status == 404
    assert "'4'" in answer.json["error"]


def test_the_platforms_paths(running: Running, served: Served) -> None:
    row = {name: cells[0] for name, cells in columns(served, 1).items()}
    label = served.package.golden.rows[0].label
    for path, body in (
        ("/invocations", {"instances": [row]}),
        ("/predict", {"instances": [row]}),
        ("/score", {"input_data": {"columns": list(row), "data": [list(row.values())]}}),
    ):
        answer = running.ask(path, json.dumps(body).encode())
        assert answer.status == 200, (path, answer.body)
        assert label in answer.body.decode()
        assert answer.headers[DIGEST_HEADER] == DIGEST


def test_vertex_names_its_own_paths(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIP_HEALTH_ROUTE", "/v1/endpoints/1/deployedModels/2")
    monkeypatch.setenv("AIP_PREDICT_ROUTE", "/v1/endpoints/1/deployedModels/2:predict")
    models = Models()
    models.put(served)
    with serving(models) as running:
        assert running.ask("/v1/endpoints/1/deployedModels/2", key=None).status == 200
        assert running.ask("/v1/endpoints/1/deployedModels/2:predict", b"{}").status == 400
        assert running.ask("/predict", b"{}").status == 404
        assert running.ask("/ping", key=None).status == 200


def test_head_tells_what_get_would_without_a_body(running: Running) -> None:
    for path in ("/", "/v2", "/v2/models/penguins", "/v2/health/ready", "/openapi.json"):
        get, head = running.ask(path), running.ask(path, method="HEAD")
        assert (head.status, head.body) == (200, b"")
        assert head.headers["content-length"] == str(len(get.body))


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_told_which_are_taken(running: Running, method: str) -> None:
    get = running.ask("/v2/models", method=method)
    assert (get.status, get.headers["allow"]) == (405, "GET, HEAD")
    post = running.ask(INFER, method=method)
    assert (post.status, post.headers["allow"]) == (405, "POST")
    assert running.ask(INFER).status == 405
    assert running.ask("/v2", b"{}").status == 405
    assert "error" in get.json


def test_a_method_that_nobody_knows(running: Running) -> None:
    assert running.ask("/v2", method="BREW").status == 400


@pytest.mark.parametrize(
    "path",
    [
        "/v3", "/v2/", "/v2/models/", "/v2/models/penguins/", "/v2/models//infer",
        "/v2/models/penguins/infer/", "/v2/models/penguins/versions", "/v2/models/penguins/train",
        "/v2/models/penguins/versions/3/infer/x", "/V2/health/live", "/v2/health", "//v2",
        "/v2/models/penguins/versions/3/infer/../../../../..", "/%00", "/caf%C3%A9", "/%ff%fe",
        "/v2/models/penguins/versions//infer", "/a" * 1000,
    ],
)  # fmt: skip
def test_other_paths_are_not_found(running: Running, path: str) -> None:
    answer = running.ask(path)
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json) == ["error"]


@pytest.mark.parametrize("name", ["nope", "Penguins", "caf%C3%A9", "%F0%9F%90%A7", "a" * 3000])
def test_other_models_are_not_found(running: Running, served: Served, name: str) -> None:
    for path in (f"/v2/models/{name}", f"/v2/models/{name}/ready"):
        assert running.ask(path).status == 404
    answer = running.ask(f"/v2/models/{name}/infer", infer_body(served))
    assert answer.status == 404
    assert len(answer.body) < 500


def test_a_name_may_be_percent_encoded(penguins_package: Path) -> None:
    models = Models()
    models.put(served_from(penguins_package, name="pingüins 2"))
    with serving(models) as running:
        for path in ("/v2/models/ping%C3%BCins%202", "/v2/models/%70ing%c3%bcins%202/ready"):
            assert running.ask(path).json["name"] == "pingüins 2"


def test_a_digest_can_be_demanded(penguins_package: Path, served: Served) -> None:
    models = Models()
    models.put(served)
    with serving(models) as running:
        body = infer_body(served)

        def demand(digest: str, path: str = INFER) -> Any:
            return running.ask(
                path, body if path == INFER else None, headers={EXPECT_HEADER: digest}
            )

        assert demand(DIGEST).status == demand(f"sha256:{DIGEST}, {'cd' * 32}").status == 200
        for path in (INFER, "/v2/models/penguins/ready", "/v2/health/ready", "/ping"):
            assert demand("cd" * 32, path).status == 503
        models.put(served_from(penguins_package, version="4", digest="cd" * 32))
        # The one before is still at hand for those that expect it.
        for digest, version in ((DIGEST, "3"), ("cd" * 32, "4")):
            answer = demand(digest)
            assert answer.headers[DIGEST_HEADER] == digest
            assert answer.json["model_version"] == version
        assert running.ask(INFER, body).json["model_version"] == "4"


def test_requests_have_names(running: Running) -> None:
    def named(value: str | None) -> str:
        headers = {} if value is None else {"x-request-id": value}
        return running.ask("/v2", headers=headers).headers["x-request-id"]

    assert named("0af7651916cd43dd-8448") == "0af7651916cd43dd-8448"
    made = [named(None), named(None), named("with space"), named("x" * 200), named("é")]
    assert len(set(made)) == 5
    assert all(len(each) == 32 for each in made)


def test_not_ready_before_a_model_is_there_and_when_the_end_is_near(served: Served) -> None:
    models = Models()
    with serving(models) as running:
        assert running.ask("/v2/health/live", key=None).status == 200
        empty = running.ask("/v2/health/ready", key=None)
        assert (empty.status, empty.json["ready"]) == (503, False)
        assert running.ask("/invocations", b"{}").status == 503
        models.put(served)
        assert running.ask("/v2/health/ready", key=None).status == 200
        models.drain()
        for path in ("/v2/health/ready", "/v2/models/penguins/ready", "/ping"):
            answer = running.ask(path, key=None)
            assert (answer.status, answer.json["ready"]) == (503, False)
        assert running.ask(INFER, infer_body(served)).status == 200
        assert running.ask("/v2/health/live", key=None).status == 200


class Forgetful:
    """A model that has begun to answer otherwise than it did."""

    def __init__(self, served: Served) -> None:
        self.name, self.version, self.digest = served.name, served.version, served.digest
        self.package = served.package
        self.asked = 0
        self.wrong = ""

    def prove(self) -> str:
        self.asked += 1
        if self.wrong == "raise":
            raise RuntimeError("a library of the model's has a bad day")
        return self.wrong


def test_readiness_is_proved_at_most_once_a_second(served: Served) -> None:
    forgetful = Forgetful(served)
    models = Models()
    models.put(forgetful)  # type: ignore[arg-type] # all that readiness needs
    with serving(models) as running:
        for _ in range(30):
            assert running.ask("/v2/health/ready", key=None).status == 200
            assert running.ask("/v2/models/penguins/ready", key=None).status == 200
        assert 1 <= forgetful.asked <= 3
        forgetful.wrong = "golden row 4 is another"
        answer = running.ask("/v2/health/ready", key=None)
        while answer.status == 200:
            answer = running.ask("/v2/health/ready", key=None)
        assert "golden row 4" in answer.json["error"]
        assert answer.json["models"][0]["ready"] is False
        assert answer.headers[DIGEST_HEADER] == DIGEST
        forgetful.wrong = "raise"
        until(lambda: b"RuntimeError" in running.ask("/v2/health/ready", key=None).body)
        assert running.ask("/v2/health/ready", key=None).status == 503


def test_several_models(penguins_package: Path, served: Served) -> None:
    models = Models()
    models.put(served)
    models.put(served_from(penguins_package, name="other", digest="cd" * 32))
    with serving(models, ServeSettings(access_log=False)) as running:
        ready = running.ask("/v2/health/ready", key=None)
        assert [each["name"] for each in ready.json["models"]] == ["other", "penguins"]
        assert running.ask("/v2/models/other/infer", infer_body(served)).status == 200
        unnamed = running.ask("/invocations", b"{}")
        assert unnamed.status == 400
        assert "2 models" in unnamed.json["error"]
