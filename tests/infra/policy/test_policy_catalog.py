"""The policies as a whole: none is missing, each says what it is for, and the page shows them."""

import re
from pathlib import Path

import pytest

from infra.policy.catalog import RULES, rule
from infra.policy.listing import listing

ROOT = Path(__file__).parents[3]

# What infrastructure asks for, by number; the ids that stand for each elsewhere.
PUBLIC = {
    1: "CKV2_AWS_6 CKV_AWS_53 CKV_AWS_54 CKV_AWS_55 CKV_AWS_56 S3.1",
    2: "CKV_AWS_379 S3.5",
    3: "CKV_AWS_70",
    4: "CKV_AWS_21",
    5: "CKV_AWS_143",
    6: "CKV_AWS_19 CKV_AWS_145",
    7: "CKV2_AWS_65",
    8: "CKV_AWS_18",
    9: "CKV_AWS_300",
    10: "CKV_AWS_144",
    11: "CKV_AWS_62 CKV_AWS_63",
    12: "CKV_AWS_355 CKV_AWS_290",
    13: "CKV_AWS_286 CKV_AWS_287 CKV_AWS_288 CKV_AWS_289",
    14: "CKV_AWS_60 CKV_AWS_61",
    15: "CKV_AWS_33 CKV_AWS_7 CKV2_AWS_64",
    16: "CKV_AWS_2 CKV_AWS_103 CKV_AWS_131 CKV_AWS_91",
    17: "CKV_AWS_277 CKV_AWS_382",
    18: "CKV_AWS_334 CKV_AWS_336 CKV_AWS_333 CKV_AWS_249",
    19: "CKV_AWS_258 CKV_AWS_45",
    20: "CKV_AWS_59 CKV_AWS_309",
    21: "CKV_AWS_51 CKV_AWS_163 CKV_AWS_32",
    22: "CKV_AWS_66 CKV_AWS_338 CKV_AWS_158",
    23: "CKV_GCP_28 CKV_GCP_114 CKV_GCP_29",
    24: "CKV_GCP_78 CKV_GCP_62",
    25: "CKV_GCP_102",
    26: "CKV_GCP_41 CKV_GCP_42 CKV_GCP_49",
    27: "CKV_GCP_43 CKV_GCP_82 CKV_GCP_112",
    28: "CKV_AZURE_3 CKV_AZURE_44",
    29: "CKV_AZURE_59 CKV_AZURE_190 CKV_AZURE_34 CKV2_AZURE_47",
    30: "CKV_AZURE_35 CKV2_AZURE_33",
    31: "CKV2_AZURE_40 CKV2_AZURE_41",
    32: "CKV2_AZURE_38 CKV2_AZURE_1 CKV_AZURE_110",
    33: "CKV_DOCKER_2 CKV_DOCKER_3 CKV_DOCKER_4 CKV_DOCKER_7 CKV_DOCKER_8",
    34: "",
    35: "",
    36: "",
}


def test_the_designed_ones_come_first_and_each_id_is_there_once() -> None:
    ids = [each.id for each in RULES]
    assert ids[:36] == [f"DEP{number:03}" for number in range(1, 37)]
    assert ids == sorted(set(ids))
    assert all(re.fullmatch(r"DEP\d{3}", each) for each in ids)


@pytest.mark.parametrize("number", PUBLIC)
def test_each_stands_for_its_public_ids(number: int) -> None:
    assert set(PUBLIC[number].split()) <= set(rule(f"DEP{number:03}").public)


def test_each_says_what_it_demands_and_how_to_mend_it() -> None:
    for each in RULES:
        assert re.fullmatch(r"[A-Z][^\n]{9,99}", each.title), each.id
        assert not each.title.endswith("."), each.id
        assert re.fullmatch(r"[A-Z][^\n]{9,249}\.", each.mend), each.id
    assert len({each.title for each in RULES}) == len(RULES)


def test_an_unknown_rule_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        rule("DEP999")


def test_the_page_is_current() -> None:
    page = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
    assert page == listing(), "run: python -m infra.policy.listing > docs/policies.md"
