"""From ``[infra]`` to what programs are told, and what is wrong with settings in one line."""

from pathlib import Path

import pytest

from deployer.config import load
from deployer.errors import UsageError
from deployer.settings import Settings
from deployer.stacks.configuration import (
    chosen_clouds,
    endpoint_config,
    local_config,
    program_config,
    stack_name,
)
from deployer.stacks.workspace import Home
from infra.configuration import decode
from infra.local.configuration import decode as decode_local

DIGEST = "ab" * 32
IMAGE = "registry.example/penguins@sha256:" + "cd" * 32
WHOLE = f"""
region = "here"
[clouds.aws]
url = "s3://models"
region = "eu-central-1"
[models.penguins]
residency = ["EU"]
[infra]
model = "penguins@champion"
owner = "ml-team"
image = "{IMAGE}"
memory = 4096
clouds = ["aws", "local"]
[infra.aws]
memory = 1024
[infra.gcp]
region = "europe-west3"
stores = "gs://models"
project = "p1"
[infra.local]
endpoints = 5
"""


def settings(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    (tmp_path / "deployer.toml").write_text(text, "utf-8")
    return load({}, folder=tmp_path).settings


def test_a_clouds_own_table_goes_before_the_common_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = settings(tmp_path, WHOLE, monkeypatch)
    aws = endpoint_config(read, "aws", digest=f"sha256:{DIGEST}")
    gcp = endpoint_config(read, "gcp", digest=DIGEST)
    assert (aws.memory, gcp.memory) == (1024, 4096)
    assert (aws.region, aws.stores, aws.digest) == ("eu-central-1", "s3://models", DIGEST)
    assert aws.residency == gcp.residency == ("EU",)
    assert stack_name(read) == "penguins-production"
    assert program_config(gcp)["gcp:project"] == "p1"
    assert decode(program_config(gcp)["deployer:endpoint"]) == gcp
    local = endpoint_config(read, "local", digest=DIGEST)
    assert (local.image, local.region, local.stores) == ("", "here", "s3://models")
    own = local_config(read, folder=tmp_path, directory=tmp_path, clouds=["aws"])
    assert own.endpoints == 5
    assert decode_local(program_config(local, own)["deployer:local"]) == own


@pytest.mark.parametrize(
    ("cloud", "before", "after", "said", "hint"),
    [
        ("aws", 'owner = "ml-team"', "", "nobody answers", 'owner = "ml-team"'),
        ("azure", "", "", "not known", "write: region"),
        ("gcp", 'project = "p1"', "", "project", "write: project"),
        ("aws", f'image = "{IMAGE}"', "", "container image", "write: image"),
        ("aws", IMAGE, "registry.example/penguins:latest", "image must name its digest", ""),
        ("aws", "memory = 1024", "memory = 1", "memory must be from", ""),
        ("aws", "memory = 1024", "port = 1", "local endpoints alone", "[infra.local]"),
    ],
)
def test_what_is_missing_or_impossible_is_told_with_how_to_write_it(
    cloud: str,
    before: str,
    after: str,
    said: str,
    hint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = settings(tmp_path, WHOLE.replace(before, after) if before else WHOLE, monkeypatch)
    with pytest.raises(UsageError) as raised:
        endpoint_config(read, cloud, digest=DIGEST)
    assert said in raised.value.message
    assert hint in raised.value.hint
    assert "infra" in raised.value.where


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[infra]\nownr = 1", "did you mean 'infra.owner'?"),
        ("[infra.aws]\nregin = 1", "did you mean 'infra.aws.region'?"),
        ("[infra.demands]\nobject_lok = true", "did you mean 'infra.demands.object_lock'?"),
        ('[[infra.suppress]]\nrul = "DEP001"', "did you mean 'infra.suppress.rule'?"),
        ("[infra.suppress]\nrule = 1", "[[infra.suppress]]"),
    ],
)
def test_an_unknown_setting_suggests_the_nearest(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError) as raised:
        settings(tmp_path, text, monkeypatch)
    assert said in raised.value.hint


def test_a_suppression_needs_a_reason_and_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = '[[infra.suppress]]\nrule = "DEP008"\nresource = "*"\nreason = "{}"\nuntil = "{}"\n'
    (one,) = settings(tmp_path, entry.format("a test", "2027-01-31"), monkeypatch).infra.suppress
    assert one.until == "2027-01-31"
    for reason, until in (("", "2027-01-31"), ("a test", "soon")):
        with pytest.raises(UsageError):
            settings(tmp_path, entry.format(reason, until), monkeypatch)


def test_clouds_are_chosen_in_one_order_and_misspelt_ones_refused() -> None:
    assert chosen_clouds(Settings(), "local, aws") == ["aws", "local"]
    for names, hint in (("awz", "'aws'"), ("aws,aws", "once"), (None, "--clouds")):
        with pytest.raises(UsageError) as raised:
            chosen_clouds(Settings(), names)
        assert hint in raised.value.hint


def test_backends_are_checked_and_never_repeat_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"):
        monkeypatch.delenv(variable, raising=False)

    def home(url: str) -> Home:
        read = settings(tmp_path, f'[infra]\nbackend = "{url}"\n', monkeypatch)
        return Home.of(read.infra, tmp_path / "home")

    for url in ("https://app.pulumi.com", "s3://me:hunter2@bucket"):
        with pytest.raises(UsageError) as raised:
            home(url)
        assert "hunter2" not in f"{raised.value} {raised.value.hint}"
    with pytest.raises(UsageError, match="passphrase"):
        home("s3://states").environment()
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE_FILE", "/somewhere")
    assert home("s3://states").environment()["PULUMI_BACKEND_URL"] == "s3://states"


@pytest.mark.parametrize(
    ("backend", "told"),
    [
        ("file:///states", "file:///states?metadata=skip"),
        ("file:///states?no_tmp_dir=true", "file:///states?no_tmp_dir=true&metadata=skip"),
        ("file:///states?metadata=skip", "file:///states?metadata=skip"),
        ("s3://states?region=eu-central-1", "s3://states?region=eu-central-1"),
    ],
)
def test_a_killed_engine_can_leave_no_half_of_a_state_in_a_folder(
    backend: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "")
    assert Home(tmp_path, backend).environment()["PULUMI_BACKEND_URL"] == told
