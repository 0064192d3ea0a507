"""Which region satisfies which binding, and whether the table of regions can be believed."""

import json
import re
from pathlib import Path
from typing import Any

import botocore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.errors import UsageError
from deployer.registry.residency.rules import allowed, check_binding, normal, problem
from infra.jurisdictions import _AWS, _AZURE, _GCP, EEA, EU, REGIONS

# What botocore calls the places, in the order in which they are looked for.
PLACES = {
    "Cape Town": "za",
    "Hong Kong": "hk",
    "Taipei": "tw",
    "Tokyo": "jp",
    "Osaka": "jp",
    "Seoul": "kr",
    "Mumbai": "in",
    "Hyderabad": "in",
    "Singapore": "sg",
    "Sydney": "au",
    "Melbourne": "au",
    "Jakarta": "id",
    "Malaysia": "my",
    "New Zealand": "nz",
    "Thailand": "th",
    "Canada": "ca",
    "Frankfurt": "de",
    "Germany": "de",
    "Zurich": "ch",
    "Stockholm": "se",
    "Milan": "it",
    "Spain": "es",
    "Ireland": "ie",
    "London": "gb",
    "Paris": "fr",
    "Tel Aviv": "il",
    "UAE": "ae",
    "Bahrain": "bh",
    "Saudi Arabia": "sa",
    "Mexico": "mx",
    "Sao Paulo": "br",
    "Chile": "cl",
    "US ": "us",
    "GovCloud": "us",
    "China": "cn",
}
NOT_PUBLIC = {"eu-isoe-west-1"}


def amazon() -> dict[str, str]:
    """Return AWS's regions and what botocore says of where they are."""
    found: dict[str, str] = {}
    folder = Path(botocore.__file__).parent / "data"
    for name in ("partitions.json", "endpoints.json"):
        partitions: list[dict[str, Any]] = json.loads((folder / name).read_text())["partitions"]
        for partition in partitions:
            for region, about in partition["regions"].items():
                if not region.endswith("-global"):
                    found.setdefault(region, about["description"])
    return found


@pytest.mark.parametrize(("region", "description"), amazon().items(), ids=amazon())
def test_every_region_of_aws_is_where_botocore_says(region: str, description: str) -> None:
    assert region in REGIONS
    if region in NOT_PUBLIC:
        assert not REGIONS[region]
        return
    country = next(code for place, code in PLACES.items() if place in description)
    assert REGIONS[region] == {country}


def test_the_table_has_no_region_of_aws_that_botocore_does_not_know() -> None:
    assert set(" ".join(_AWS.values()).split()) <= amazon().keys()


def test_no_region_is_listed_twice() -> None:
    listed = [
        name for cloud in (_AWS, _GCP, _AZURE) for names in cloud.values() for name in names.split()
    ]
    assert sorted(listed) == sorted(set(listed))
    assert all(name == normal(name) for name in listed)


def test_countries_are_codes() -> None:
    assert all(re.fullmatch("[a-z]{2}", country) for each in REGIONS.values() for country in each)
    assert (len(EU), len(EEA)) == (27, 30)
    assert not {"gb", "ch", "no", "eu", "uk"} & EU


NAMED_AS_IF = ["eu-west-2", "eu-central-2", "europe-west2", "europe-west6", "eur5", "eur7", "eur8"]


@pytest.mark.parametrize("region", NAMED_AS_IF)
def test_a_name_does_not_make_a_region_european(region: str) -> None:
    assert not allowed(["eu"], region)
    assert not allowed(["eea"], region)
    assert allowed([region], region)
    assert allowed(["eu", "uk", "ch"], region)


@pytest.mark.parametrize(
    ("binding", "region", "expected"),
    [
        # nothing bound
        ([], "us-east-1", True),
        ([], None, True),
        ([], "moon-1", True),
        # by name
        (["eu-central-1"], "eu-central-1", True),
        (["eu-central-1"], "eu-west-1", False),
        (["eu-central-1"], "europe-west3", False),  # a region is not its country
        (["europe-west3", "westeurope"], "westeurope", True),
        (["West Europe"], "westeurope", True),
        (["westeurope"], "West Europe", True),
        (["EUROPE-WEST3"], "europe-west3", True),
        (["eu-central-1"], "eu-central-1-fra-1a", False),
        # by jurisdiction
        (["eu"], "eu-central-1", True),
        (["EU"], "northeurope", True),
        (["eu"], "europe-west12", True),
        (["eu"], "norwayeast", False),
        (["eea"], "norwayeast", True),
        (["eea"], "switzerlandnorth", False),
        (["ch"], "europe-west6", True),
        (["uk"], "eu-west-2", True),
        (["gb"], "uksouth", True),
        (["de"], "eu-central-1", True),
        (["de"], "eu-west-1", False),
        (["us"], "us-gov-west-1", True),
        (["us"], "us-east-1", True),
        (["us"], "southcentralus", True),
        (["us"], "ca-central-1", False),
        (["ca"], "ca-central-1", True),
        (["jp"], "asia-northeast2", True),
        (["au"], "australiaeast", True),
        (["in"], "centralindia", True),
        (["br"], "sa-east-1", True),
        (["eu", "us"], "us-west1", True),
        (["eu", "us"], "asia-east1", False),
        # spread over several places
        (["eu"], "EU", True),
        (["eea"], "eu", True),
        (["de", "fr"], "EU", False),
        (["eu-central-1"], "EU", False),
        (["us"], "US", True),
        (["us"], "nam4", True),
        (["eu"], "eur4", True),
        (["fi", "nl"], "eur4", True),
        (["fi"], "eur4", False),
        (["jp"], "ASIA1", True),
        (["jp"], "asia", False),
        (["asia"], "ASIA", True),
        # not known
        (["eu"], "eu-new-9", False),
        (["eu-new-9"], "eu-new-9", True),
        (["eu"], "eu-isoe-west-1", False),
        (["eu"], None, False),
        (["eu"], "", False),
        (["eu"], "  ", False),
    ],
)
def test_allowed(binding: list[str], region: str | None, expected: bool) -> None:
    assert allowed(binding, region) is expected
    assert (problem(binding, region, "aws") == "") is expected


ENTRIES = st.lists(
    st.sampled_from([*REGIONS, "eu", "eea", "uk", "us", "de", "nowhere"]), min_size=1
)


@given(binding=ENTRIES, more=ENTRIES, region=st.sampled_from([*REGIONS, "nowhere"]))
def test_more_entries_never_allow_less(binding: list[str], more: list[str], region: str) -> None:
    if allowed(binding, region):
        assert allowed(binding + more, region)


@given(region=st.sampled_from(sorted(REGIONS)))
def test_a_jurisdiction_is_its_countries(region: str) -> None:
    assert allowed(["eu"], region) == allowed(sorted(EU), region)
    assert allowed(["eea"], region) == allowed(sorted(EEA), region)


@pytest.mark.parametrize(
    ("binding", "region", "said"),
    [
        (["eu"], None, "the region of aws is not known: set [clouds.aws] region"),
        (["eu"], "eu-west-2", "the model is bound to eu, and aws is in eu-west-2 (gb)"),
        (["fi"], "eur4", "aws is in eur4 (fi, nl)"),
        (["fi"], "EU", "aws is in EU"),
        (["eu"], "eu-new-9", "where aws's region eu-new-9 is, is not known: bind it by name"),
    ],
)
def test_what_is_said(binding: list[str], region: str | None, said: str) -> None:
    assert problem(binding, region, "aws").endswith(said)


class TestCheck:
    def test_a_binding_is_kept_in_one_form(self) -> None:
        binding = ["West Europe", "EU", "eu", "us-east-1"]
        assert check_binding(binding) == ("eu", "us-east-1", "westeurope")
        assert check_binding([]) == ()

    @pytest.mark.parametrize(
        ("entry", "hint"),
        [
            ("eu-centrl-1", "eu-central-1"),
            ("europe-west33", "europe-west3"),
            ("west-europe", "westeurope"),
            ("euu", "eu"),
            ("", "ISO code"),
            ("Atlantis", "ISO code"),
        ],
    )
    def test_an_entry_that_nothing_satisfies(self, entry: str, hint: str) -> None:
        with pytest.raises(UsageError) as caught:
            check_binding(["eu", entry])
        assert hint in caught.value.hint
        assert repr(entry) in caught.value.message

    def test_a_region_newer_than_the_table(self) -> None:
        with pytest.raises(UsageError):
            check_binding(["eu-new-9"])
        assert check_binding(["eu-new-9"], configured=["EU-NEW-9"]) == ("eu-new-9",)
