"""The client against peers that fail: what is tried again, what is not, and what people are told."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from deployer.errors import (
    CloudError,
    CredentialsError,
    DeployerError,
    FailedError,
    MissingError,
    TimedOutError,
    UsageError,
)
from deployer.predicting.client import ModelClient
from deployer.predicting.transport import Budget, retry_after
from tests.deployer.predicting.peer_kit import DIGEST, METADATA, Said, answer, deaf, document, peer

ROW: dict[str, list[Any]] = {"height": ["1.5"], "colour": ["red"], "born": ["2020-02-29"]}
INFER = "/v2/models/m/infer"


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEPLOYER_API_KEY", raising=False)


def test_a_prediction() -> None:
    with peer(infer=[answer(2)]) as (told, url), ModelClient(url, timeout=5) as client:
        columns: dict[str, list[Any]] = {
            "height": [1, None],
            "colour": ["NA", "ü"],
            "born": [date(1970, 1, 2), None],
        }
        reply = client.predict({**columns, "other": [1, 2]})
        assert reply.labels == ["b", "b"]
        assert reply.probabilities == [[0.25, 0.75]] * 2
        assert reply.digest == DIGEST
        assert 0 < reply.seconds < 60
        client.predict(columns)
        # The name, what it takes and what the server can are asked for once.
        assert [each.path for each in told.asked] == [
            "/v2/models",
            "/v2/models/m",
            "/v2",
            INFER,
            INFER,
        ]
        assert client.schema.outputs.label.classes == ("a", "b")
        assert client.metadata().columns == ("height", "colour", "born")


@pytest.mark.parametrize(
    "trouble",
    [
        [Said(503), Said(502), Said(504)],
        [Said(0)],
        [Said(200, answer().body, cut=10)],
        [Said(429, headers={"Retry-After": "0"})],
    ],
    ids=["gateway", "closed", "cut", "throttled"],
)
def test_what_passes_is_tried_again(trouble: list[Said]) -> None:
    with peer(infer=[*trouble, answer()]) as (told, url), ModelClient(url, timeout=5) as client:
        assert client.predict(ROW).labels == ["b"]
        assert told.count(INFER) == len(trouble) + 1


def test_a_hanging_try_leaves_time_for_another() -> None:
    with (
        peer(infer=[Said(hang=True), answer()]) as (told, url),
        ModelClient(url, timeout=1.0) as client,
    ):
        assert client.predict(ROW).labels == ["b"]
        assert told.count(INFER) == 2


def test_one_deadline_for_all_tries() -> None:
    with peer(infer=[Said(hang=True)]) as (told, url), ModelClient(url, timeout=0.6) as client:
        client.metadata()
        begun = time.monotonic()
        with pytest.raises(TimedOutError, match=r"no answer within 0\.6 s"):
            client.predict(ROW)
        assert 0.5 < time.monotonic() - begun < 4
        assert told.count(INFER) >= 2


def test_a_server_that_asks_to_wait_is_obeyed() -> None:
    busy = Said(503, b'{"error": "busy"}', {"Retry-After": "1"})
    with peer(infer=[busy, answer()]) as (told, url), ModelClient(url, timeout=5) as client:
        begun = time.monotonic()
        client.predict(ROW)
        assert time.monotonic() - begun >= 1
        assert told.count(INFER) == 2
    long = Said(503, b'{"error": "busy"}', {"Retry-After": "60"})
    with peer(infer=[long]) as (told, url), ModelClient(url, timeout=5) as client:
        begun = time.monotonic()
        with pytest.raises(CloudError, match="busy"):
            client.predict(ROW)
        # There is no point in asking before, nor in waiting beyond the deadline.
        assert time.monotonic() - begun < 4
        assert told.count(INFER) == 1


def test_when_to_come_back() -> None:
    assert retry_after("120") == 120
    moment = datetime.now(UTC) + timedelta(seconds=100)
    assert retry_after(format_datetime(moment, usegmt=True)) == pytest.approx(100, abs=3)
    assert retry_after("Fri, 31 Dec 1999 23:59:59 GMT") == 0
    for nonsense in ("soon", "-1", "1.5", "", "99999999999"):
        assert retry_after(nonsense) is None


def test_a_server_that_stays_down_is_spared() -> None:
    with peer(infer=[Said(503)]) as (told, url), ModelClient(url, timeout=5) as client:
        for _ in range(20):
            with pytest.raises(CloudError):
                client.predict(ROW)
        # Three retries each would be 80 requests.
        assert 30 <= told.count(INFER) <= 32


def test_the_budget_grows_with_answers() -> None:
    budget = Budget(most=2, share=0.5)
    assert [budget.spend(), budget.spend(), budget.spend()] == [True, True, False]
    budget.earn()
    assert not budget.spend()
    budget.earn()
    assert budget.spend()
    for _ in range(100):
        budget.earn()
    assert [budget.spend(), budget.spend(), budget.spend()] == [True, True, False]


def test_no_retries_if_none_are_wanted() -> None:
    with (
        peer(infer=[Said(503), answer()]) as (told, url),
        ModelClient(url, "m", timeout=5, retries=0) as client,
        pytest.raises(CloudError),
    ):
        client.predict(ROW)
    assert told.count(INFER) == 1


@pytest.mark.parametrize(
    ("said", "kind", "words", "hint"),
    [
        (
            document({"error": "input 'x' is no input"}, 400),
            UsageError,
            "input 'x' is no input",
            "",
        ),
        (document({"error": "no key"}, 401), CredentialsError, "no key", "DEPLOYER_API_KEY"),
        (document({"error": "too much"}, 413), UsageError, "too much", "--batch-rows"),
        (document({"detail": ["odd"]}, 500), FailedError, '["odd"]', "log"),
        (Said(500, b"<html>oops</html>"), FailedError, "status 500", "log"),
        (Said(500, b"a\x1b[31m\nb" * 500), FailedError, "…", "log"),
        (Said(200, b"<html>welcome</html>"), FailedError, "not an answer", "address"),
        (Said(200, b"[" * 100_000), FailedError, "not an answer", "address"),
        (Said(200, b'{"outputs": []}'), FailedError, "no labels", "address"),
        (answer(3), FailedError, "does not answer 1 rows", "address"),
        (
            Said(302, b"", {"Location": "https://u:p@evil.example/x?k=1"}),
            UsageError,
            "redirects to evil.example/x",
            "name the address",
        ),
    ],
)
def test_what_is_not_tried_again(
    said: Said, kind: type[DeployerError], words: str, hint: str
) -> None:
    with peer(infer=[said]) as (told, url), ModelClient(url, timeout=5) as client:
        with pytest.raises(kind) as seen:
            client.predict(ROW)
        assert words in seen.value.message
        assert hint in seen.value.hint
        assert seen.value.where.startswith(url)
        assert "\n" not in str(seen.value)
        assert len(seen.value.message) < 600
        assert told.count(INFER) == 1


def test_a_wrong_name_is_told_the_right_ones() -> None:
    with peer() as (_, url), ModelClient(url, "n", timeout=5) as client:
        with pytest.raises(MissingError) as seen:
            client.metadata()
        assert seen.value.message == "nothing at /v2/models/n"
        assert seen.value.hint == "its models: m"


def test_several_models_want_a_name() -> None:
    two = document({"models": [{"name": "m"}, {"name": "n"}]})
    with peer(models=[two]) as (_, url):
        with (
            ModelClient(url, timeout=5) as client,
            pytest.raises(UsageError, match="2 models: m, n"),
        ):
            client.metadata()
        with ModelClient(f"{url}/v2/models/m", timeout=5) as client:
            assert client.predict(ROW).labels == ["b"]


def test_nobody_listens() -> None:
    with deaf() as url, ModelClient(url, "m", timeout=5) as client:
        with pytest.raises(CloudError, match="cannot connect: connection refused") as seen:
            client.metadata()
        assert "deployer serve" in seen.value.hint
        ready = client.ready()
        assert (ready.ok, ready.digest) == (False, "")
        assert "connection refused" in ready.reason
    with ModelClient("http://no.such.invalid", "m", timeout=5) as client:
        assert "no such host: no.such.invalid" in client.ready().reason


def test_ready() -> None:
    ok = Said(headers={"X-Deployer-Model-Digest": f"sha256:{DIGEST}"})
    with peer(ready=[ok, document({"error": "golden row 3"}, 503)]) as (told, url):
        client = ModelClient(url, "m", timeout=5)
        assert client.ready() == (True, DIGEST, "")
        assert not client.ready().ok
        assert "golden row 3" in client.ready().reason
        # A probe that tries again would hide what it is to find.
        assert told.count("/v2/models/m/ready") == 3
        client.close()


def test_the_key_is_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOYER_API_KEY", "k3y")
    with peer(infer=[document({"error": "no"}, 401)]) as (told, url):
        with ModelClient(url, timeout=5) as client:
            assert not client.exposed
            with pytest.raises(CredentialsError, match="no") as seen:
                client.predict(ROW)
            assert "deployer key api new" in seen.value.hint
            assert "k3y" not in f"{seen.value}{seen.value.hint}"
        assert {each.headers["authorization"] for each in told.asked} == {"Bearer k3y"}
        told.asked.clear()
        with ModelClient(url, key="", timeout=5) as client:
            client.metadata()
        assert not [each for each in told.asked if "authorization" in each.headers]
    assert ModelClient("http://example.com").exposed
    assert not ModelClient("https://example.com").exposed
    assert not ModelClient("http://example.com", key="").exposed
    monkeypatch.setenv("DEPLOYER_API_KEY", "k3y\nx: y")
    with pytest.raises(UsageError, match="no header can carry") as refused:
        ModelClient(url)
    assert "k3y" not in str(refused.value)


def test_a_redirect_is_not_followed_with_the_key() -> None:
    with peer() as (other, there), peer(metadata=[Said(307, b"", {"Location": there})]) as (_, url):
        with ModelClient(url, "m", key="k3y", timeout=5) as client, pytest.raises(UsageError):
            client.metadata()
        assert not other.asked


def test_columns_that_will_not_do() -> None:
    with peer() as (told, url), ModelClient(url, timeout=5) as client:
        cases: list[tuple[dict[str, list[Any]], str]] = [
            ({"height": [1], "color": ["red"], "born": [0]}, "needs column 'colour'"),
            ({**ROW, "height": [1, 2]}, "different lengths"),
            ({**ROW, "height": ["tall"]}, "row 1, column 'height': 'tall' is not a number"),
            ({**ROW, "born": ["yesterday"]}, "row 1, column 'born': 'yesterday' is not a date"),
            ({**ROW, "colour": [3]}, "3 is a number, but the column holds text"),
        ]
        for columns, words in cases:
            with pytest.raises(UsageError) as seen:
                client.predict(columns)
            assert words in str(seen.value)
        assert not told.count(INFER)


def test_models_of_others() -> None:
    several = {**METADATA, "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 64]}]}
    whole = {**METADATA, "inputs": [{"name": "x", "datatype": "INT64", "shape": [-1, 1]}]}
    plain = {**METADATA, "outputs": METADATA["outputs"][:1]}
    for metadata, words in (
        (several, "FP32 of shape [-1, 64], not one column"),
        (whole, "INT64 of shape [-1, 1], not one column"),
        (plain, "no classifier"),
    ):
        with peer(metadata=[document(metadata)]) as (_, url), ModelClient(url, timeout=5) as client:
            client.metadata()
            with pytest.raises(DeployerError) as seen:
                client.predict(ROW)
            assert words in str(seen.value)
    bare = {key: value for key, value in METADATA.items() if key != "parameters"}
    with peer(metadata=[document(bare)]) as (_, url), ModelClient(url, timeout=5) as client:
        assert client.schema.outputs.label.classes == ("0", "1")


def test_many_threads_share_a_client() -> None:
    with peer() as (told, url), ModelClient(url, timeout=10) as client:
        with ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(lambda _: client.predict(ROW), range(100)))
        assert {tuple(each.labels) for each in replies} == {("b",)}
        assert told.count(INFER) == 100
        assert told.count("/v2/models/m") == 1
