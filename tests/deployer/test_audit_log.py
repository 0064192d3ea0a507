"""The audit log: every act is a line that can be read, whatever else happens to the file."""

import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deployer.audit import MAX_DETAIL, Entry, read, record
from deployer.cli.audited import audited
from deployer.cli.output import Output
from deployer.errors import CloudError, PolicyError
from tests.deployer.registry.cli_kit import World

AT = "2026-11-22T15:10:28Z"
BY = "ada@host"
WRITERS = 4
ACTS = 40
WRITER = """
import sys
from pathlib import Path
from deployer.audit import record
path, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
sys.stdin.readline()
for number in range(count):
    record(path, "push", by=name, at="2026-11-22T15:10:28Z", outcome="done", version=number + 1,
           detail="x" * 900)
"""

FULL_DISK = """
import resource, sys
from pathlib import Path
from deployer.audit import record
path = Path(sys.argv[1])
room = path.stat().st_size + 20
resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
try:
    record(path, "pull", by="ada@host", at="2026-11-22T15:10:28Z", outcome="done")
except OSError as error:
    print(error)
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "state" / "audit.jsonl"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)


def note(log: Path, act: str = "push", *, at: str = AT, detail: str = "", **more: Any) -> None:
    record(log, act, by=BY, at=at, outcome=more.pop("outcome", "done"), detail=detail, **more)


class TestRecord:
    def test_what_is_written_is_read(self, log: Path) -> None:
        note(log, model="penguins", version=3, digest="ab" * 32, clouds=["aws", "gcp"], detail="ok")
        note(log, "pull", outcome="refused")
        assert list(read(log)) == [
            Entry(
                at=AT,
                by=BY,
                act="push",
                outcome="done",
                model="penguins",
                version=3,
                digest="ab" * 32,
                clouds=("aws", "gcp"),
                detail="ok",
            ),
            Entry(at=AT, by=BY, act="pull", outcome="refused"),
        ]
        assert [json.loads(line)["act"] for line in log.read_text().splitlines()] == [
            "push",
            "pull",
        ]

    def test_nobody_else_may_read_it(self, log: Path) -> None:
        note(log)
        assert stat.S_IMODE(log.stat().st_mode) == 0o600

    def test_no_log_is_an_empty_log(self, log: Path) -> None:
        assert list(read(log)) == []

    def test_an_endless_detail_is_cut(self, log: Path) -> None:
        note(log, detail="x" * 10**6)
        assert len(next(read(log)).detail) == MAX_DETAIL


@pytest.mark.parametrize(
    "torn", [b'{"at":"2026', b'{"at":"2026-11-22T15:10:28Z"', b"\xff\xfe", b"["]
)
def test_a_torn_line_swallows_nothing(log: Path, torn: bytes) -> None:
    note(log, "push")
    with log.open("ab") as file:
        file.write(torn)
    note(log, "pull")
    note(log, "rollback")
    damaged: list[int] = []
    assert [entry.act for entry in read(log, damaged=damaged.append)] == [
        "push",
        "pull",
        "rollback",
    ]
    assert damaged == [2]


def test_a_line_without_its_end_counts(log: Path) -> None:
    note(log, "push")
    os.truncate(log, log.stat().st_size - 1)
    note(log, "pull")
    assert [entry.act for entry in read(log)] == ["push", "pull"]


def test_a_line_that_tears_while_another_is_written(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the end and the write, somebody's line breaks off."""
    note(log, "push")
    real = os.write
    torn = [b'{"at":"2026-11']

    def write(fd: int, data: bytes) -> int:
        if torn:
            with log.open("ab") as file:
                file.write(torn.pop())
        return real(fd, data)

    monkeypatch.setattr(os, "write", write)
    note(log, "pull")
    monkeypatch.undo()
    assert [entry.act for entry in read(log)] == ["push", "pull"]


def test_many_processes_at_once(log: Path) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(log), f"writer{n}", str(ACTS)],
            stdin=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for n in range(WRITERS)
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(b"go\n")
        writer.stdin.close()
    assert [writer.wait(60) for writer in writers] == [0] * WRITERS
    damaged: list[int] = []
    entries = list(read(log, damaged=damaged.append))
    assert damaged == []
    for n in range(WRITERS):
        mine = [entry.version for entry in entries if entry.by == f"writer{n}"]
        assert mine == list(range(1, ACTS + 1))


def run(script: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def test_a_full_disk_is_reported(log: Path) -> None:
    note(log, "push")
    assert "only 20 of" in run(FULL_DISK, str(log))
    note(log, "rollback")
    assert log.read_bytes().count(b"\n") == 3, "the disk was not full in the middle of a line"
    assert [entry.act for entry in read(log)] == ["push", "rollback"]


@example(text="\x7f")
@given(text=st.text(st.characters(codec=None), max_size=200))
def test_no_text_makes_a_second_line_or_steers_a_terminal(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    log = tmp_path_factory.mktemp("log") / "audit.jsonl"
    record(log, text, by=text, at=AT, outcome="failed", model=text, clouds=[text], detail=text)
    raw = log.read_bytes()
    assert raw.count(b"\n") == 1
    assert all(0x20 <= byte < 0x7F for byte in raw[:-1])
    assert [entry.detail for entry in read(log)] == [text]


HOSTILE = [
    "a\n" + json.dumps({"at": AT, "by": "eve", "act": "push", "outcome": "done"}),
    "a\r\x1b[2J\x1b]0;owned\x07",
    "\u2028\u0085\x9b31m\u202eexe.",
    "\x7f\ud800\udc80",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_records_are_shown_harmlessly(world: World, text: str) -> None:
    record(world.state / "audit.jsonl", "push", by=text, at=AT, outcome="failed", detail=text)
    assert (world.state / "audit.jsonl").read_bytes().count(b"\n") == 1
    out = world.invoke("audit").ok().out
    assert all(c.isprintable() or c == "\n" for c in out)
    assert len(world.invoke("audit", "-o", "json").ok().json) == 1


class TestCommand:
    def test_nothing_yet(self, world: World) -> None:
        ran = world.invoke("audit").ok()
        assert ran.out == ""
        assert "audit.jsonl" in ran.err
        assert world.invoke("audit", "-o", "json").ok().json == []

    def test_filters(self, world: World) -> None:
        log = world.state / "audit.jsonl"
        for day in range(1, 10):
            note(log, "push" if day % 2 else "pull", at=f"2026-11-0{day}T00:00:00Z", version=day)
        for words, versions in [
            ([], [1, 2, 3, 4, 5, 6, 7, 8, 9]),
            (["--act", "pull"], [2, 4, 6, 8]),
            (["--since", "2026-11-08"], [8, 9]),
            (["--since", "2026-11-08T02:00:00+02:00"], [8, 9]),
            (["--limit", "2"], [8, 9]),
            (["--limit", "2", "--act", "pull"], [6, 8]),
            (["--act", "none"], []),
        ]:
            found = world.invoke("audit", *words, "-o", "json").ok().json
            assert [entry["version"] for entry in found] == versions, words
        assert "7 older ones; see them with --limit 9" in world.invoke("audit", "--limit", "2").err

    @pytest.mark.parametrize(
        ("since", "kept"), [("90s", 1), ("3m", 2), ("2h", 3), ("2d", 4), ("2w", 5)]
    )
    def test_spans(
        self, world: World, monkeypatch: pytest.MonkeyPatch, since: str, kept: int
    ) -> None:
        from datetime import UTC, datetime, timedelta

        clock = datetime(2026, 11, 22, tzinfo=UTC)
        monkeypatch.setattr("deployer.cli.audit.now", lambda: clock)
        for number, age in enumerate(
            (
                timedelta(weeks=1),
                timedelta(days=1),
                timedelta(hours=1),
                timedelta(minutes=2),
                timedelta(),
            )
        ):
            at = (clock - age).strftime("%Y-%m-%dT%H:%M:%SZ")
            note(world.state / "audit.jsonl", at=at, version=number + 1)
        assert len(world.invoke("audit", "--since", since, "-o", "json").ok().json) == kept

    @pytest.mark.parametrize("since", ["7", "d", "1y", "yesterday", "-7d", "9999999w", "٣d"])
    def test_no_span(self, world: World, since: str) -> None:
        assert since in world.invoke("audit", "--since", since).failed(2)

    def test_damaged_lines_are_told(self, world: World) -> None:
        note(world.state / "audit.jsonl")
        with (world.state / "audit.jsonl").open("ab") as file:
            file.write(b"[[[[\n" + b"[" * 100_000 + b"\n")
        note(world.state / "audit.jsonl")
        ran = world.invoke("audit", "-o", "json").ok()
        assert len(ran.json) == 2
        assert "2 lines are no records, the first is line 2" in ran.err

    def test_a_log_that_cannot_be_read(self, world: World) -> None:
        (world.state / "audit.jsonl").mkdir(parents=True)
        assert "audit.jsonl" in world.invoke("audit").failed(1)


class TestAudited:
    """Every way out of an act is recorded."""

    def outcome(self, world: World) -> tuple[str, str]:
        (entry,) = read(world.state / "audit.jsonl")
        assert (entry.act, entry.model, entry.clouds) == ("push", "penguins", ("aws",))
        assert "@" in entry.by
        assert entry.at.endswith("Z")
        return entry.outcome, entry.detail

    def act(self, error: BaseException | None, detail: str = "") -> None:
        with audited(Output(), "push", clouds=["aws"]) as act:
            act.model = "penguins"
            act.detail = detail
            if error:
                raise error

    def test_done(self, world: World) -> None:
        self.act(None)
        assert self.outcome(world) == ("done", "")

    @pytest.mark.parametrize(
        ("error", "expected"),
        [
            (PolicyError("eu only"), ("refused", "eu only")),
            (CloudError("down", where="aws"), ("failed", "aws: down")),
            (KeyboardInterrupt(), ("failed", "interrupted")),
            (OSError(28, "no space"), ("failed", "[Errno 28] no space")),
            (SystemExit(10), ("done", "gcp is behind")),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_errors_pass_and_are_recorded(
        self, world: World, error: BaseException, expected: tuple[str, str]
    ) -> None:
        with pytest.raises(type(error)):
            self.act(error, "gcp is behind")
        assert self.outcome(world) == expected

    def test_a_log_that_cannot_be_written_is_a_warning(
        self, world: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (world.state / "audit.jsonl").mkdir(parents=True)
        self.act(None)
        err = " ".join(capsys.readouterr().err.split())
        assert err.startswith("warning: push (done) is missing in the audit log")


def test_threads_of_one_process(log: Path) -> None:
    threads = [threading.Thread(target=note, args=(log,)) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(read(log))) == 32
