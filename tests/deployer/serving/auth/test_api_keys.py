"""API keys: what is stored, who is believed, and that time tells nothing."""

import hashlib
import hmac
import json
import os
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deployer.errors import DeployerError, MissingError, UsageError
from deployer.serving.auth import keys as keys_module
from deployer.serving.auth.check import authenticator
from deployer.serving.auth.key_file import PREFIX, new_key, read_keys, revoke_key
from deployer.serving.auth.keys import ApiKeys, parse_hashes
from deployer.serving.refusals import RefusedError
from deployer.settings import ServeSettings

NOW = datetime.now(UTC)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "keys.json"


def test_a_key_is_shown_once_and_kept_as_a_hash(file: Path) -> None:
    key = new_key(file, "ci", now=NOW, expires=None)
    assert key.startswith(PREFIX)
    assert len(key) == len(PREFIX) + 43  # 256 bits in base64
    assert key not in file.read_text()
    (kept,) = read_keys(file)
    assert (kept.name, kept.sha256, kept.expires) == ("ci", sha256(key), None)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert os.listdir(file.parent) == ["keys.json"]  # noqa: PTH208 - nothing is left beside it
    assert len({new_key(file, f"n{index}", now=NOW, expires=None) for index in range(50)}) == 50


def test_names_are_unique_and_plain(file: Path) -> None:
    new_key(file, "ci", now=NOW, expires=None)
    before = file.read_bytes()
    for name in ("ci", "", "a b", "a:b", "a,b", "a" * 65, "../x", "é", "a\n"):
        with pytest.raises(UsageError):
            new_key(file, name, now=NOW, expires=None)
    with pytest.raises(MissingError):
        revoke_key(file, "other")
    assert file.read_bytes() == before


def test_two_at_once_lose_nothing(file: Path) -> None:
    def work(start: int) -> None:
        for index in range(10):
            new_key(file, f"k{start}-{index}", now=NOW, expires=None)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert len(read_keys(file)) == 40


def test_an_expired_key_is_not_believed(file: Path) -> None:
    old = new_key(file, "old", now=NOW - timedelta(days=2), expires=timedelta(days=1))
    good = new_key(file, "good", now=NOW, expires=timedelta(days=1))
    keys = ApiKeys(file)
    assert keys.check(None, good) == keys.check(f"Bearer {good}", None) == "good"
    with pytest.raises(RefusedError, match="expired"):
        keys.check(None, old)


def test_hashes_from_the_environment(file: Path) -> None:
    hashes = f"a:{sha256('one')}, b@x:{sha256('two').upper()},"
    keys = authenticator(ServeSettings(keys_file=str(file)), {"DEPLOYER_SERVE_KEYS": hashes})
    assert keys.check(None, "one") == "a"
    assert keys.check(None, "two") == "b@x"
    third = new_key(file, "third", now=NOW, expires=None)
    both = ApiKeys(file, hashes)
    assert [both.check(None, key) for key in ("one", third)] == ["a", "third"]


@pytest.mark.parametrize(
    "text", ["a", "a:b", f":{'0' * 64}", f"a:{'0' * 63}", f"a:{'g' * 64}", f"a b:{'0' * 64}"]
)
def test_hashes_that_are_none_are_an_error_that_repeats_nothing(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_hashes(f"ok:{'1' * 64},{text}")
    assert "entry 2" in caught.value.message
    assert len(text) < 2 or text not in str(caught.value) + caught.value.hint


def test_nobody_to_answer_is_an_error_that_says_what_to_do(file: Path) -> None:
    with pytest.raises(UsageError) as caught:
        authenticator(ServeSettings(keys_file=str(file)), {})
    assert "deployer key api new NAME" in caught.value.hint
    assert str(file) in caught.value.where


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"keys": 7}', '{"format": 2, "keys": []}',
     '{"keys": [{"name": "a", "sha256": "x"}]}',
     json.dumps({"keys": [{"name": "a", "sha256": "0" * 64, "expires": "soon"}]}),
     json.dumps({"keys": [{"name": "a", "sha256": "0" * 64, "expires": "2030-01-01T00:00:00"}]})],
)  # fmt: skip
def test_a_file_that_is_none_is_refused_at_the_start(tmp_path: Path, content: str) -> None:
    file = tmp_path / "keys.json"
    file.write_text(content)
    with pytest.raises(DeployerError):
        ApiKeys(file, f"a:{'1' * 64}")


def test_every_hash_is_compared_in_constant_time(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first key takes as many comparisons as the last one, and as a wrong one."""
    made = [new_key(file, f"n{index}", now=NOW, expires=None) for index in range(10)]
    keys = ApiKeys(file)
    compared: list[tuple[str, str]] = []

    def compare(a: str, b: str) -> bool:
        compared.append((a, b))
        return hmac.compare_digest(a, b)

    class Spy:
        compare_digest = staticmethod(compare)

    monkeypatch.setattr(keys_module, "hmac", Spy)
    for key in (made[0], made[-1], "wrong", ""):
        compared.clear()
        try:
            keys.check(None, key)
        except RefusedError:
            assert key not in made
        assert len(compared) == 10
        assert {given for _, given in compared} == {sha256(key)}


def test_everybody_is_let_in_with_a_warning_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert authenticator(ServeSettings(auth="none"), {}).check(None, None) == ""
    assert "warning" in capsys.readouterr().err
