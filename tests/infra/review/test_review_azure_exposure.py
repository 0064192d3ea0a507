"""From where an app on Azure is reached: its ingress and its environment say it together."""

import pytest

from infra.review.facts_azure import azure_facts
from tests.infra.review.review_programs_kit import program, resource

APP, ENVIRONMENT = "azure-native:app:ContainerApp", "azure-native:app:ManagedEnvironment"


@pytest.mark.parametrize(
    ("external", "internal", "wanted"),
    [
        (True, False, "internet"),
        (True, None, "internet"),
        (True, True, "inside"),
        (False, False, "inside"),
        (False, True, "inside"),
    ],
)
def test_exposure(external: bool, internal: bool | None, wanted: str) -> None:
    network = {} if internal is None else {"vnetConfiguration": {"internal": internal}}
    made = program(
        resource(ENVIRONMENT, "apps", 1, **network),
        resource(APP, "server", 2, configuration={"ingress": {"external": external}}),
        cloud="azure",
        region="germanywestcentral",
        digest="ab" * 32,
        health_path="/",
    )
    found = azure_facts(made)["exposure"]
    assert (found.value, str(found.place)) == (wanted, "main.py:2")
