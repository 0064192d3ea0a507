"""Evidence of drills that never were: made up by a small generator, the same for the same seed.

``write(folder, Story(...))`` writes all that a drill leaves. Times and numbers are those of a
drill on this machine: a fault 4 s after the load begins, its end 9 s later, a little noise.
"""

import hashlib
import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from deployer.drills.evidence.records import (
    CONFIGURATION,
    EVENTS,
    INTEGRITY,
    REQUESTS,
    SCENARIO,
    TRAFFIC,
    Event,
    EventKind,
    Integrity,
    Kept,
    Passed,
    Request,
)

__all__ = ["CLOUDS", "CONFIGURED", "FAULT_AT", "Story", "digest_of", "write"]

CLOUDS = ("aws", "gcp", "azure")
ZERO = 5_000.0  # of the monotonic clock, when the drill begins
LOAD_AT, FAULT_AT, MENDED_AT, END_AT = 2.0, 6.0, 15.0, 22.0
WALL = datetime(2026, 11, 23, 9, 5, 11, 250_000, UTC)

CONFIGURED = {
    "deployer.toml": "[router]\nport = 0\n",
    "router/envoy/bootstrap.json": "{}\n",
}
"""What the estate was told, and what its router made of that."""

YAML = """\
format: 1
name: {name}
number: {number}
title: {title}
why: A bucket can be deleted by one wrong command, and its account can be locked.
must: served from another cloud; full rebuild by repair
scope: three clouds, two endpoints behind Envoy, one model
excluded: the network between clouds; what a real bucket's versioning would bring back
protects: [verification, retries]
estate:
{estate}
load: {{rate: {rate}}}
objectives: {{rto: {rto}, rpo: 0, max_failed: {allowed}}}
method:
  - {{do: wipe, cloud: aws}}
  - {{do: observe, seconds: 5}}
recovery:
  - {{do: run, command: [repair], detects: true}}
"""


def digest_of(text: str) -> str:
    """Return a made-up digest."""
    return hashlib.sha256(text.encode()).hexdigest()


V1, V2 = digest_of("version 1"), digest_of("version 2")


@dataclass
class Story:
    """What happens.

    Attributes:
        name: of the scenario.
        rate: requests a second; 0: no endpoints.
        outage: seconds after the fault during which requests fail.
        damaged: a blob on gcp is not what its name promises.
        lost: the second version is missing on azure.
        renumbered: the second version is the third in the end, and the second is another.
        failing_check: one check does not hold.
        stuck: something cannot be rolled back.
        error: the drill could not do something.
        allowed: failed requests that the objective allows.
        more: replaces texts of the scenario and of events, to try hostile ones.

    """

    name: str = "bucket-gone"
    number: int = 1
    title: str = "The primary's bucket is gone"
    rate: float = 50.0
    outage: float = 0.0
    damaged: bool = False
    lost: bool = False
    renumbered: bool = False
    failing_check: bool = False
    stuck: bool = False
    error: str = ""
    rto: float = 2.0
    allowed: int = 0
    operator: str = "ada"
    seed: int = 7
    endpoints: bool = True
    events: list[Event] = field(default_factory=list)


def write(folder: Path, story: Story | None = None) -> Path:
    """Write the evidence of a drill and return its folder."""
    told = story or Story()
    told.events = []
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SCENARIO).write_text(_scenario(told), "utf-8")
    _events(told)
    _lines(folder / EVENTS, told.events)
    if told.endpoints:
        requests, passed = _requests(told)
        _lines(folder / REQUESTS, requests)
        _lines(folder / TRAFFIC, passed)
    else:
        _lines(folder / TRAFFIC, _uploads(told))
    (folder / INTEGRITY).write_bytes(msgspec.json.encode(_integrity(told)))
    for name in ("commands", "logs"):
        (folder / name).mkdir(exist_ok=True)
    for name, text in CONFIGURED.items():
        path = folder / CONFIGURATION / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    (folder / "commands" / "01-push.stdout").write_text('{"version": 1}\n', "utf-8")
    (folder / "commands" / "01-push.stderr").write_text("✓ published drill:1\n", "utf-8")
    (folder / "commands" / "02-repair.stdout").write_text("", "utf-8")
    (folder / "commands" / "02-repair.stderr").write_text("✓ 3 clouds agree\n", "utf-8")
    (folder / "logs" / "router.log").write_text("envoy is ready\n", "utf-8")
    return folder


def _scenario(story: Story) -> str:
    estate = "  clouds: [aws, gcp, azure]" + ("" if story.endpoints else "\n  endpoints: []")
    return YAML.format(
        name=story.name,
        number=story.number,
        title=json.dumps(story.title),
        estate=estate,
        rate=story.rate,
        rto=story.rto,
        allowed=story.allowed,
    )


def _lines(path: Path, records: list[Any]) -> None:
    path.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in records))


def _events(story: Story) -> None:
    def note(
        at: float, kind: EventKind, name: str, ok: bool | None = None, **detail: object
    ) -> None:
        wall = (WALL + timedelta(seconds=at)).isoformat(timespec="microseconds")
        story.events.append(Event(ZERO + at, wall, kind, name, ok, detail))

    note(
        0.0,
        "begun",
        story.name,
        scenario=story.name,
        versions={"deployer": version("deployer"), "envoy": "1.36.2", "moto": "5.1.4"},
        commit=digest_of("commit")[:40],
        platform="Linux 6.8 x86_64, 2 CPUs, Python 3.11.9",
        operator=story.operator,
    )
    note(0.01, "phase", "prepare")
    for number, digest in ((1, V1), (2, V2)):
        argv = ["push", f"model-{number}", "drill", "-o", "json"]
        note(
            0.6 * number, "command", f"deployer {' '.join(argv)}", argv=argv, exit=0, seconds=0.512,
            stdout="01-push.stdout", stderr="01-push.stderr",
        )  # fmt: skip
        note(
            0.6 * number + 0.001, "published", f"drill:{number}", model="drill", version=number,
            digest=digest, clouds=list(CLOUDS),
        )  # fmt: skip
    note(LOAD_AT - 0.2, "accepted", "1, 2", digests=[V1, V2])
    note(LOAD_AT, "phase", "steady")
    note(LOAD_AT + 1.2, "check", "20 requests in a row are answered", True, expected=20, seen=20)
    note(
        FAULT_AT - 0.4, "configured", ", ".join(CONFIGURED),
        files={name: digest_of(text) for name, text in CONFIGURED.items()},
    )  # fmt: skip
    note(FAULT_AT - 0.3, "phase", "method")
    note(FAULT_AT, "fault", "the store of aws and all in it is gone", target="store:aws")
    if story.outage or story.endpoints:
        note(FAULT_AT + 0.2, "fault", "endpoint:primary is killed", target="endpoint:primary")
        note(FAULT_AT + 0.45, "detected", "router", what="endpoint:primary gets no requests")
    note(
        FAULT_AT + 3, "check", "20 requests in a row are answered by version 1",
        not story.failing_check, expected=20, seen=3 if story.failing_check else 20,
    )  # fmt: skip
    note(MENDED_AT - 0.5, "phase", "recovery")
    note(MENDED_AT, "mended", "the store of aws and all in it is gone", target="store:aws")
    note(
        MENDED_AT + 1.9, "command", "deployer repair", argv=["repair"], exit=0, seconds=1.62,
        stdout="02-repair.stdout", stderr="02-repair.stderr",
    )  # fmt: skip
    if story.error:
        note(MENDED_AT + 2, "error", story.error)
    note(MENDED_AT + 2.1, "phase", "after")
    note(
        MENDED_AT + 3, "check", "aws holds what it should", True,
        expected={"there": [1, 2]}, seen={"whole": [1, 2]},
    )  # fmt: skip
    note(END_AT - 1, "phase", "rollback")
    if story.outage or story.endpoints:
        note(
            END_AT - 0.5, "rollback", "endpoint:primary is killed", not story.stuck,
            target="endpoint:primary",
        )  # fmt: skip
    note(END_AT, "phase", "done")


def _requests(story: Story) -> tuple[list[Request], list[Passed]]:
    noise = random.Random(story.seed)
    requests, passed = [], []
    number = int((END_AT - 1.2 - LOAD_AT) * story.rate)
    for i in range(number):
        at = LOAD_AT + i / story.rate
        broken = FAULT_AT <= at < FAULT_AT + story.outage
        seconds = 0.0025 + noise.expovariate(900)
        if FAULT_AT <= at < FAULT_AT + 0.45:
            seconds += noise.uniform(0.01, 0.28)  # the router tries the other endpoint
        status, digest, error = 200, V1, ""
        if broken:
            status, digest, error = (503, "", "") if i % 3 else (0, "", "reset")
        requests.append(Request(ZERO + at, round(seconds, 6), status, digest, error))
        primary = not FAULT_AT + 0.2 <= at < END_AT - 0.5
        listener = "endpoint:primary" if primary else "endpoint:standby"
        path = "/v2/models/drill/infer"
        if status == 200:
            passed.append(Passed(ZERO + at, listener, "POST", path, 512, 200, 180))
        elif error:
            passed.append(Passed(ZERO + at, listener, "POST", path, 512, rules=(1,)))
        if i % 25 == 0:
            passed.append(Passed(ZERO + at, listener, "GET", "/v2/health/ready", 0, 200, 2))
    return requests, passed


def _uploads(story: Story) -> list[Passed]:
    """Return requests to stores while something is published and repaired."""
    noise = random.Random(story.seed)
    passed = []
    for begin, end in (
        (0.1, 1.2),
        (FAULT_AT - 0.2, FAULT_AT + 3),
        (MENDED_AT + 0.3, MENDED_AT + 1.9),
    ):
        for cloud in CLOUDS:
            for _ in range(int((end - begin) * 30)):
                at = noise.uniform(begin, end)
                hit = cloud == "aws" and FAULT_AT <= at < MENDED_AT
                status, rules = (0, (1,)) if hit else (200, ())
                key = f"/bucket/blobs/{noise.getrandbits(32):08x}"
                listener = f"store:{cloud}"
                passed.append(Passed(ZERO + at, listener, "PUT", key, 4096, status, 0, rules))
    return sorted(passed, key=lambda each: each.at)


def _integrity(story: Story) -> Integrity:
    blobs = {f"blobs/sha256/{d[:2]}/{d}": d for d in map(digest_of, "abcdef")}
    clouds, versions = {}, {}
    for cloud in CLOUDS:
        kept = []
        for i, (key, digest) in enumerate(sorted(blobs.items())):
            hit = story.damaged and cloud == "gcp" and i == 0
            kept.append(Kept(key, 40_000 + i, digest_of("flipped") if hit else digest, digest))
        kept += [
            Kept(f"models/drill/versions/{number}.json", 300, digest_of(str(number)))
            for number in (1, 2)
        ]
        clouds[cloud] = tuple(kept)
        held = {"drill:1": V1, "drill:2": V2}
        if story.lost and cloud == "azure":
            del held["drill:2"]
        if story.renumbered:
            held |= {"drill:2": digest_of("of the other home"), "drill:3": V2}
        versions[cloud] = held
    return Integrity(clouds, versions)
