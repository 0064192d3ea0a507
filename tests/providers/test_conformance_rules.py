"""The rules around the suite: skips of what is required, and gaps that are kept as data."""

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.providers import harness_gaps
from tests.providers.harness_servers import forbid_skip
from tests.providers.suite import StoreSuite

ROOT = Path(__file__).parents[2]
ONE_CASE = "tests/providers/test_conformance_emulators.py::TestAzurite::test_head"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("required", "outcome"), [("", "1 skipped"), ("s3,gcs", "1 skipped"), ("azure", "1 error")]
)
def test_skip_of_a_required_backend_is_a_failure(required: str, outcome: str) -> None:
    """Azurite without Node.js, which is not on an empty PATH."""
    environment = {**os.environ, "PATH": "", "DEPLOYER_TEST_REQUIRE": required}
    environment.pop("PYTEST_XDIST_WORKER", None)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", ONE_CASE, "-q", "-p", "no:cacheprovider"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome in done.stdout
    assert done.returncode == (1 if "error" in outcome else 0)


@pytest.mark.parametrize("required", ["", "s3,gcs", "azure", "s3, azure"])
@pytest.mark.parametrize("cloud", ["", "azure"])
def test_verdict_on_a_skip(monkeypatch: pytest.MonkeyPatch, required: str, cloud: str) -> None:
    monkeypatch.setenv("DEPLOYER_TEST_REQUIRE", required)
    where = ("file.py", 1, "Skipped: cannot be started")
    report = pytest.TestReport("id", ("file.py", 1, "id"), {}, "skipped", where, "setup")
    forbid_skip(report, cloud)
    assert report.failed == (cloud == "azure" and "azure" in required)
    expected = pytest.TestReport("id", ("file.py", 1, "id"), {}, "skipped", where, "call")
    expected.wasxfail = "a known gap"
    forbid_skip(expected, cloud)
    assert expected.skipped


def test_every_gap_names_a_case_and_says_why() -> None:
    for name in harness_gaps.__all__:
        for case, gap in getattr(harness_gaps, name).items():
            assert hasattr(StoreSuite, case.partition("[")[0]), case
            assert gap.reason
            assert gap.reference


def test_cases_need_no_fixture_of_pytest_alone() -> None:
    """Saboteurs are held against the cases without pytest: see harness_runner."""
    known = {"self", "harness", "store", "ranged", "tmp_path"}
    for name in dir(StoreSuite):
        if name.startswith("test_"):
            function = getattr(StoreSuite, name)
            marks = getattr(function, "pytestmark", [])
            params = {
                key.strip()
                for mark in marks
                if mark.name == "parametrize"
                for key in (
                    mark.args[0].split(",") if isinstance(mark.args[0], str) else mark.args[0]
                )
            }
            assert set(inspect.signature(function).parameters) <= known | params, name
