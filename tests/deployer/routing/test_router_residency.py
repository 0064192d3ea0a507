"""An endpoint outside of the model's residency is looked at, and never sent a row."""

import os
from pathlib import Path

import pytest

from deployer.errors import UsageError
from deployer.routing import checking
from deployer.routing.answers import Answers, Known
from deployer.routing.canary.conduct import require_router
from deployer.routing.checking import check_all
from deployer.routing.folder import RouterFolder, Standing, Status
from deployer.routing.probing import probe
from deployer.routing.shares import Split
from infra.router.model import Endpoint, Router
from tests.infra.endpoint_kit import stand_ins

DIGEST = "a" * 64
WHY = "the model's residency does not allow us-east-1"


def unasked(_: str) -> Known:
    raise AssertionError("nobody needs golden answers for one that may not get the rows")


def test_it_is_asked_whether_it_is_ready_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed: list[str] = []

    def time_(endpoint: Endpoint, *_: object) -> tuple[float, ...]:
        timed.append(endpoint.name)
        return (0.1,)

    monkeypatch.setattr(checking, "_time", time_)
    with stand_ins("us", digest=DIGEST) as (server,):
        us = Endpoint("us", f"http://127.0.0.1:{server.port}", region="us-east-1", resident=False)
        seen = probe(us, "penguins", unasked)
        assert (seen.ready, seen.repeats, seen.reason) == (True, False, WHY)
        answers = Answers([], keep=tmp_path, fetch=None)
        [found] = check_all(Router("penguins", (us,)), answers)
        assert (found.traffic, found.why, found.latencies) == (False, WHY, ())
        assert (server.predictions, timed) == (0, [])


def test_a_rollout_does_not_compare_answers_of_a_canary_outside(tmp_path: Path) -> None:
    folder = RouterFolder(tmp_path)
    folder.create()

    def status(*, resident: bool) -> Status:
        canary = Standing("us", "http://127.0.0.1:1", True, DIGEST, "equal", traffic=False,
                          canary=True, resident=resident)  # fmt: skip
        return Status("envoy", os.getpid(), 1, "http://127.0.0.1:1", "", {}, Split(), (), (canary,))

    folder.write_status(status(resident=True))
    require_router(folder)
    folder.write_status(status(resident=False))
    with pytest.raises(UsageError, match="no canary endpoint where the model may be"):
        require_router(folder)
