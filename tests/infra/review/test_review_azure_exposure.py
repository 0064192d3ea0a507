"""From where an app on Azure is reached: its ingress and its environment say it together."""

import pytest

from infra.resources import Program, Resource
from infra.review.facts_azure import azure_facts
from tests.infra.review.review_programs_kit import program, resource

APP, ENVIRONMENT = "azure-native:app:ContainerApp", "azure-native:app:ManagedEnvironment"


def app(name: str, line: int, external: bool, environment: str | None) -> Resource:
    """Return an app in an environment of the program; in one that others made, with None."""
    at = resource(ENVIRONMENT, environment or "").urn
    return resource(
        APP,
        name,
        line,
        configuration={"ingress": {"external": external}},
        references={"environmentId": (at,)} if environment else {},
    )


def endpoint(*resources: Resource) -> Program:
    return program(
        *resources,
        cloud="azure",
        region="germanywestcentral",
        digest="ab" * 32,
        health_path="/",
    )


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
    made = endpoint(resource(ENVIRONMENT, "apps", 1, **network), app("server", 2, external, "apps"))
    found = azure_facts(made)["exposure"]
    assert (found.value, str(found.place)) == (wanted, "main.py:2")


def test_an_app_is_inside_its_own_environment() -> None:
    environments = (
        resource(ENVIRONMENT, "private", 1, vnetConfiguration={"internal": True}),
        resource(ENVIRONMENT, "public", 2),
    )
    inside, outside = app("one", 3, True, "private"), app("two", 4, True, "public")
    for apps in ((inside, outside), (outside, inside)):
        found = azure_facts(endpoint(*environments, *apps))["exposure"]
        assert (found.value, str(found.place)) == ("internet", "main.py:4")
    found = azure_facts(endpoint(*environments, inside))["exposure"]
    assert (found.value, str(found.place)) == ("inside", "main.py:3")
    elsewhere = app("three", 5, True, None)
    assert azure_facts(endpoint(*environments, elsewhere))["exposure"].value == "internet"
