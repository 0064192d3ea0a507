"""The short look at an alias: whom it asks, what it notices, whom it leaves alone."""

import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from deployer.errors import CloudError, DamagedError, TimedOutError
from deployer.registry.aliasing.aliases import read_alias
from deployer.registry.cloud import Cloud
from deployer.registry.format.names import Reference
from deployer.registry.format.records import AliasRecord
from deployer.registry.who import now, stamp
from deployer.serving.run.look import AliasLook
from deployer.serving.run.threads import within
from providers.errors import StoreError, UnavailableError
from tests.deployer.registry.registry_kit import memory_clouds

REFERENCE = Reference("penguins", alias="champion")


def record(seq: int, *, expires: str | None = None) -> AliasRecord:
    return AliasRecord(
        format=1, model="penguins", alias="champion", epoch=1, seq=seq, version=seq,
        manifest=f"{seq:x}" * 64, prev=None, txn="0" * 8 + "-0000" * 3 + "-" + "0" * 12,
        at="2026-01-01T00:00:00Z", by="me", expires=expires,
    )  # fmt: skip


class Clouds:
    """What each of two clouds answers now: a record, nothing, or a failure."""

    def __init__(self) -> None:
        self.clouds = memory_clouds("near", "far")
        self.say: dict[str, AliasRecord | Exception | None] = {"near": record(1), "far": record(1)}
        self.asked: list[str] = []
        self.hanging = threading.Event()

    def read(self, cloud: Cloud) -> AliasRecord | None:
        self.asked.append(cloud.name)
        said = self.say[cloud.name]
        if isinstance(said, TimedOutError):
            self.hanging.wait(10)
            return record(1)
        if isinstance(said, Exception):
            raise said
        return said

    def look(self) -> AliasLook:
        look = AliasLook(REFERENCE, self.clouds, self.read, patience=0.1)
        look.believe(record(1), {})
        return look


def gone() -> StoreError:
    return UnavailableError("away", url="memory://near")


def test_one_small_read_of_the_nearest() -> None:
    there = Clouds()
    look = there.look()
    assert [look.changed() for _ in range(3)] == [False] * 3
    assert there.asked == ["near"] * 3
    there.say["near"] = record(2)
    assert look.changed()
    assert not look.changed(), "it was said"
    look.believe(record(2), {})
    assert not look.changed()


def test_the_next_cloud_is_asked() -> None:
    there = Clouds()
    there.say["near"] = gone()
    look = there.look()
    assert not look.changed()
    assert not look.changed()
    assert there.asked == ["near", "far", "far"], "one that failed is left alone for a while"
    there.say["far"] = record(2)
    assert look.changed()


def test_a_cloud_that_hangs_delays_once() -> None:
    there = Clouds()
    there.say["near"] = TimedOutError("")
    look = there.look()
    started = time.monotonic()
    assert not look.changed()
    waited = time.monotonic() - started
    assert waited >= 0.1
    for _ in range(5):
        assert not look.changed()
    assert there.asked.count("near") == 1
    there.say["far"] = gone()
    with pytest.raises((CloudError, UnavailableError)):
        look.changed()
    assert there.asked.count("near") == 1, "it still owes an answer"
    there.hanging.set()


def test_nobody_answers() -> None:
    there = Clouds()
    there.say = {"near": gone(), "far": gone()}
    with pytest.raises(UnavailableError):
        there.look().changed()


def test_a_record_that_was_not_believed_hides_no_other() -> None:
    """A cloud that is behind, or lies, answers first; the next one is asked all the same."""
    there = Clouds()
    look = there.look()
    there.say["near"] = record(3)
    assert look.changed()
    look.believe(record(1), {"near": DamagedError("forged")})
    assert not look.changed()
    there.say["far"] = record(2)
    assert look.changed()


def test_an_alias_that_expires_is_noticed() -> None:
    there = Clouds()
    soon = record(1, expires=stamp(now() - timedelta(seconds=5)))
    there.say["near"] = soon
    look = there.look()
    look.believe(soon, {})
    with pytest.raises(DamagedError, match="expired"):
        look.changed()


def test_a_real_store(tmp_path: Path) -> None:
    [cloud] = memory_clouds("near")
    look = AliasLook(REFERENCE, [cloud])
    assert read_alias(cloud, "penguins", "champion") is None
    assert look.changed(), "there is none any more"
    assert not look.changed()


def test_work_that_takes_too_long() -> None:
    done = threading.Event()
    held = threading.Event()
    with pytest.raises(TimedOutError):
        within(0.05, lambda: held.wait(10), done=done.set)
    assert not done.is_set()
    held.set()
    assert done.wait(5)
    with pytest.raises(KeyError):
        within(5, lambda: dict[str, str]()["nothing"])
