"""`deployer up` as a person sees it: progress, the question, and that a "no" changes nothing."""

import re
import socket
from pathlib import Path

import pytest

from deployer.errors import ExitCode
from tests.deployer.stacks.simulated_kit import WITHIN, desk
from tests.deployer.stacks.stacks_kit import needs_engine
from tests.deployer.stacks.terminal_kit import terminal

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

QUESTION = r"Change 24 resources on gcp\? \[y/N\]: $"


def test_a_person_is_shown_asked_and_obeyed(tmp_path: Path) -> None:
    needs_engine()
    here = desk(tmp_path)
    here.write(["gcp"])
    command = here.command("up")
    with terminal(command, folder=here.folder, environment=here.environment) as seen:
        text = seen.until(QUESTION, within=WITHIN)
        assert "gcp    looks what would change" in text
        assert seen.raw.count("\r\x1b[2K") > 1, "the line is drawn again in its place"
        assert "gcp: 24 to create, 0 the same" in text
        assert "  + storage Bucket penguins-models (protected)" in text
        assert "\x1b[32m\x1b[1m+" in seen.raw, "in colour"
        seen.type("n\n")
        assert seen.end(within=WITHIN) == ExitCode.CANCELLED
    assert here.things() == []
    assert here.audit[-1]["detail"] == "cancelled"

    with terminal(command, folder=here.folder, environment=here.environment) as seen:
        seen.until(QUESTION, within=WITHIN)
        seen.type("y\n")
        seen.until(r"gcp    \S.* \d+ done", within=WITHIN)  # which step is drawn is chance
        assert seen.end(within=WITHIN) == ExitCode.OK
        assert "gcp    done, 24 steps" in seen.text
        assert "✓ gcp: 24 changed" in seen.text
        assert "https://penguins-server-" in seen.text
    assert here.things()

    # Nothing answers where the models would be: that is told, and does not stop who does not care.
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}"
    told = {**here.environment, "STORAGE_EMULATOR_HOST": nowhere}
    command = here.command("down", "--delete-models")
    here.write(["gcp"], more="[transfer]\nattempts = 1\n")
    with terminal(command, folder=here.folder, environment=told) as seen:
        text = seen.until(r"Delete \d+ resources on gcp\? \[y/N\]: $", within=WITHIN)
        seen.type("n\n")
        assert seen.end(within=WITHIN) == ExitCode.CANCELLED
    assert "storage Bucket penguins-models is protected and would be lost" in text
    assert "gcp: everything in gs://penguin-models would be lost" in text
    assert "gcp: nobody can say whether models are in the bucket" in text
    assert re.search(r"gcp: all images in europe-west3-docker\.pkg\.dev/\S+ would be lost", text)
    assert "empty" not in {each["act"] for each in here.audit}
