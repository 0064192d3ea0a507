"""How the engine's command is run: what it leaves behind when it is killed."""

from pathlib import Path

import pytest
from pulumi.automation.errors import CommandError

from deployer.stacks.engine import Interrupts, command

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="they are found in /proc")

# Kills itself, as the system does when memory is short, while two of its plugins run on.
KILLED = """#!/bin/bash
if [ "$1" = version ]; then echo v3.250.0; exit; fi
set -m
for plugin in one two; do
  ( trap '' HUP TERM; echo $BASHPID > "$PLUGINS/$plugin"; sleep 600 ) > /dev/null 2>&1 &
done
until [ -s "$PLUGINS/one" ] && [ -s "$PLUGINS/two" ]; do :; done
kill -KILL $$
"""


def lives(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def test_nothing_of_a_killed_engine_lives_on(tmp_path: Path) -> None:
    path = tmp_path / "pulumi"
    path.write_text(KILLED)
    path.chmod(0o755)
    with pytest.raises(CommandError):
        command(path, Interrupts()).run(["up"], str(tmp_path), {"PLUGINS": str(tmp_path)})
    plugins = [int((tmp_path / name).read_text()) for name in ("one", "two")]
    assert [lives(each) for each in plugins] == [False, False]
