"""What is wrong with a Containerfile is found on its line."""

from pathlib import Path

import pytest

from infra.policy.rules._containerfile import Fault, faults, unpinned

REPOSITORY = Path(__file__).parents[3]
GOOD = """\
FROM docker.io/library/python:3.11-slim AS builder
RUN pip wheel .
FROM builder
COPY --from=builder /wheels /wheels
USER 65532
HEALTHCHECK CMD ["true"]
"""


def lines(text: str) -> list[int]:
    return [each.line for each in faults(text)]


def test_a_good_one() -> None:
    assert faults(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("USER 65532\n", "", 0),
        ("USER 65532", "USER root", 5),
        ("USER 65532", "USER 0:0", 5),
        ("USER 65532", "USER 65532\nUSER root", 6),
        ('HEALTHCHECK CMD ["true"]\n', "", 0),
        ('HEALTHCHECK CMD ["true"]', "HEALTHCHECK NONE", 6),
        ("python:3.11-slim", "python:latest", 1),
        ("python:3.11-slim", "python", 1),
        ("RUN pip wheel .", "ADD https://example.com/a.tar /a", 2),
        ("RUN pip wheel .", 'ADD ["https://example.com/a.tar", "/a"]', 2),
        ("RUN pip wheel .", "RUN a \\\n  # a comment\n  b\nADD git@example.com:a.git /a", 5),
        ("RUN pip wheel .", "RUN <<END\nUSER root\nEND\nADD http://a/b /b", 5),
    ],
)
def test_what_is_wrong_is_found(old: str, new: str, line: int) -> None:
    assert lines(GOOD.replace(old, new)) == [line]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("USER 65532", "user app"),
        ("USER 65532", "USER root\nUSER app"),
        ("RUN pip wheel .", "ADD --checksum=sha256:ab https://example.com/a.tar /a"),
        ("RUN pip wheel .", "ADD wheels /wheels"),
        ("RUN pip wheel .", "# ADD https://example.com/a /a"),
        ("RUN pip wheel .", "RUN <<END\nADD https://example.com/a /a\nEND"),
        ("FROM builder", "FROM scratch"),
    ],
)
def test_what_is_right_is_let_pass(old: str, new: str) -> None:
    assert faults(GOOD.replace(old, new)) == []


def test_only_the_last_stage_needs_a_user() -> None:
    assert (
        lines(GOOD.replace("FROM builder\n", "USER app\nHEALTHCHECK CMD x\nFROM builder\n")) == []
    )
    assert lines("FROM a:1\nUSER app\nHEALTHCHECK CMD x\nFROM b:1\n") == [0, 0]


def test_arguments_before_the_first_stage() -> None:
    text = "ARG BASE=python:TAG\n" + GOOD.replace("docker.io/library/python:3.11-slim", "${BASE}")
    assert faults(text.replace("TAG", "3.11")) == []
    assert faults(text.replace("TAG", "latest")) == [
        Fault(2, "base image python:latest: tag latest moves")
    ]
    assert faults(text.replace("=python:TAG", "")) == []


@pytest.mark.parametrize(
    ("image", "pinned"),
    [
        ("python", False),
        ("python:latest", False),
        ("registry.example:5000/python", False),
        ("registry.example:5000/python:main", False),
        ("registry.example:5000/python:3.11", True),
        ("python@sha256:" + "ab" * 32, True),
        ("python:latest@sha256:" + "ab" * 32, True),
        ("${aws:ecr/repository:Repository::r.repositoryUrl}:latest", False),
        ("${aws:ecr/repository:Repository::r.repositoryUrl}:1.2", True),
        ("${aws:ecr/repository:Repository::r.repositoryUrl}", True),
        ("${aws:ecr/repository:Repository::r.repositoryUrl}/penguins", False),
    ],
)
def test_pinned(image: str, pinned: bool) -> None:
    assert (unpinned(image) == "") is pinned


def test_nothing_is_a_containerfile_too() -> None:
    assert faults("") == []
    assert faults("FROM\n") != []
    assert faults("RUN a \\") == []


def test_ours_runs_as_nobody_and_can_be_asked() -> None:
    assert faults((REPOSITORY / "image" / "Containerfile").read_text(encoding="utf-8")) == []
