"""An alias that moves under a light load, with every setting as it comes."""

from pathlib import Path

import pytest

from tests.deployer.registry.cli_kit import World
from tests.deployer.serving.run.following_kit import follow


def test_how_long_a_move_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = follow(World(tmp_path, monkeypatch), moves=3)
    for each in seen.moves:
        print(f"first {each.first:.2f} s, last {each.last:.2f} s")  # noqa: T201 - shown with -s
    assert seen.failed == []
    assert seen.wrong == 0, "every answer is of the version that it names"
    assert seen.source == "aws"
    # 2 s at most on a machine that does nothing else, see benchmarks.following.
    assert max(each.first for each in seen.moves) < 10
    assert max(each.last for each in seen.moves) < 10
    assert len(seen.moves) == 3
