"""Services of an SDK are imported late, and nobody can tell."""

import json
import subprocess
import sys
from typing import Any

import pytest

LATE = "from infra.review.child.late import import_late\nimport_late()\n"
TOLD = """
import json, sys, importlib
service = importlib.import_module(sys.argv[1])
service._utilities  # of itself an SDK imports a service as soon as one attribute is asked for
names = [each for each in dir(service) if not each.startswith("_")]
kinds = {}
for name in names:
    value = getattr(service, name)
    kinds[name] = [type(value).__name__, getattr(value, "__module__", ""), getattr(value, "__qualname__", "")]
print(json.dumps(kinds))
"""


def python(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def told(code: str, service: str) -> Any:
    return json.loads(python(code, service))


@pytest.mark.parametrize(
    "service",
    [
        "pulumi_gcp.cloudrunv2",
        pytest.param("pulumi_aws.s3", marks=pytest.mark.slow),
        pytest.param("pulumi_azure_native.network", marks=pytest.mark.slow),
    ],
)
def test_a_service_has_the_same_names_for_the_same_things(service: str) -> None:
    eager = told(TOLD, service)
    late = told(LATE + TOLD, service)
    assert len(eager) > 50
    assert {name: late.get(name) for name in eager} == eager
    assert set(late) - set(eager) <= {"_Service"}


def test_what_nobody_asks_for_is_not_imported() -> None:
    count = "import sys, pulumi_aws.s3 as s3; s3.Bucket; print(len(sys.modules), s3.Bucket)"
    eager, late = python(count).split(maxsplit=1), python(LATE + count).split(maxsplit=1)
    assert eager[1] == late[1]
    assert int(late[0]) < int(eager[0]) - 50


@pytest.mark.parametrize(
    "asked",
    [
        "from pulumi_aws.s3 import *\nimport pulumi_aws.s3 as s3\nget_bucket, BucketArgs",
        pytest.param(
            "from pulumi_aws.s3.get_bucket import GetBucketResult\nimport pulumi_aws.s3 as s3",
            marks=pytest.mark.slow,
        ),
        pytest.param("import pulumi_aws as aws\ns3 = aws.s3", marks=pytest.mark.slow),
    ],
)
def test_a_function_called_as_its_file_is_the_function(asked: str) -> None:
    shown = "\nprint(s3.get_bucket.__name__, s3.bucket.__name__, s3.Bucket.__name__)"
    assert python(asked + shown) == python(LATE + asked + shown)


def test_a_name_that_a_service_has_not_is_told_as_ever() -> None:
    asked = "import pulumi_aws.s3 as s3\ntry: s3.Bukket\nexcept AttributeError as e: print(e)"
    assert python(asked) == python(LATE + asked) != ""


def test_a_package_that_pulumi_did_not_generate_is_left_alone(tmp_path: Any) -> None:
    folder = tmp_path / "pulumi_own" / "service"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("")
    (folder / "__init__.py").write_text("from .thing import *\nfrom .thing import _inner\n")
    (folder / "thing.py").write_text("print('run')\n_inner = 1\n__all__ = ['Thing']\nThing = 2\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\nimport pulumi_own.service"
    assert python(LATE + code) == "run\n"
