"""A residency rule, as programs and the registry both mean it."""

from infra import jurisdictions


def test_what_is_allowed() -> None:
    assert jurisdictions.allowed(["EU"], "europe-west3")
    assert not jurisdictions.allowed(["EU"], "eu-west-2")
    assert not jurisdictions.allowed(["EU"], None)
    assert jurisdictions.allowed([], None)
