"""The schema of reviews that is published: current, and what commands print is as it says."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from click.testing import CliRunner

from deployer.cli.plan import plan
from deployer.cli.review import review
from deployer.reviewing.document import schema_json

PUBLISHED = Path(__file__).parents[3] / "docs" / "review.schema.json"
PROGRAM = """
import pulumi

shop = pulumi.ComponentResource("shop:Shop", "shop")
bucket = pulumi.CustomResource(
    "aws:s3/bucket:Bucket", "models", {"bucket": "penguins", "password": "hunter2"},
    opts=pulumi.ResourceOptions(parent=shop, protect=True),
)
pulumi.CustomResource(
    "aws:s3/bucketPolicy:BucketPolicy", "models", {"bucket": bucket.id, "policy": POLICY}
)
pulumi.export("bucket", bucket.urn)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("DEPLOYER_OUTPUT", raising=False)
    return tmp_path


def refusals(document: Any) -> list[str]:
    """Return what the published schema has against a document."""
    validator = jsonschema_rs.validator_for(json.loads(PUBLISHED.read_text("utf-8")))
    return [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(document)]


def test_the_schema_in_the_documentation_is_current() -> None:
    """Write it anew with ``python -m deployer.reviewing.document``."""
    assert PUBLISHED.read_text("utf-8") == schema_json()


def test_what_review_prints_is_as_the_schema_says(folder: Path) -> None:
    for policy in ('"{}"', '\'{"Statement": [{"Effect": "Allow", "Principal": "*"}]}\''):
        (folder / "shop.py").write_text(PROGRAM.replace("POLICY", policy))
        done = CliRunner().invoke(review, ["shop.py", "-o", "json", "--timeout", "240"])
        document = json.loads(done.stdout)
        assert refusals(document) == []
        (part,) = document["parts"]
        assert part["findings"]
    assert part["changes"], "the second is compared with the first"
    del part["program"]["project"]
    document["failed"] = "no"
    assert len(refusals(document)) == 2, "the schema can refuse"


@pytest.mark.slow
def test_what_plan_prints_of_three_clouds_is_as_the_schema_says(folder: Path) -> None:
    from benchmarks.reviewing import SETTINGS

    (folder / "deployer.toml").write_text(SETTINGS)
    arguments = ["--clouds", "aws,gcp,azure", "-o", "json", "--timeout", "240"]
    document = json.loads(CliRunner().invoke(plan, arguments).stdout)
    assert len(document["parts"]) == 3
    assert refusals(document) == []
