"""AWS's names and sizes, against the tables in its documentation."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.aws import names
from tests.infra.aws.aws_program_kit import CONFIGS

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
_SOLD = {
    256: [512, 1024, 2048],
    512: range(1024, 4097, 1024),
    1024: range(2048, 8193, 1024),
    2048: range(4096, 16385, 1024),
    4096: range(8192, 30721, 1024),
    8192: range(16384, 61441, 4096),
    16384: range(32768, 122881, 8192),
}


@given(cpu=st.floats(0.25, 16), memory=st.integers(256, 65536))
def test_fargate_sells_what_is_asked_for_and_nothing_smaller_would_do(
    cpu: float, memory: int
) -> None:
    size, sold = names.fargate_size(cpu, memory)
    assert sold in _SOLD[size]
    assert size >= cpu * 1024
    assert sold >= memory
    smaller = [
        (units, each)
        for units, all_ in _SOLD.items()
        for each in all_
        if units >= cpu * 1024 and each >= memory and (units, each) < (size, sold)
    ]
    assert smaller == []


@given(cpu=st.floats(0.25, 16), memory=st.integers(256, 65536))
def test_a_function_gets_its_processors_by_memory(cpu: float, memory: int) -> None:
    given_ = names.lambda_memory(cpu, memory)
    assert 128 <= given_ <= 10240
    assert given_ == 10240 or (given_ >= memory and given_ / 1769 >= cpu)


@given(st.integers(1, 3653))
def test_logs_are_kept_no_shorter_than_asked(days: int) -> None:
    assert names.retention(days) >= days
    assert names.retention(names.retention(days)) == names.retention(days)


def test_the_default_is_a_year() -> None:
    assert names.retention(CONFIGS["serverless"].log_days) == 365


@given(st.from_regex(r"[a-z][a-z0-9-]{1,80}[a-z0-9]", fullmatch=True), st.integers(8, 63))
def test_short_names_are_names(text: str, most: int) -> None:
    made = names.short(text, most)
    assert len(made) <= most
    assert re.fullmatch(r"[a-z][a-z0-9-]*[a-z0-9]", made)
    assert made == text or made != names.short(f"{text}x", most)


@pytest.mark.parametrize(
    ("url", "bucket", "prefix"),
    [
        ("s3://models", "models", ""),
        ("s3://models/", "models", ""),
        ("s3://models/a/b/", "models", "a/b/"),
    ],
)
def test_stores(url: str, bucket: str, prefix: str) -> None:
    assert names.store(url) == (bucket, prefix)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "models",
            "s3:///a",
            "s3://a",
            "s3://a.b.c",
            "s3://-abc",
            "s3://xn--abc",
            "s3://abc-s3alias",
        ),
        *("s3://" + "a" * 64, "s3://user@abc", "s3://abc:80", "gs://abc", "https://abc/def", ""),
    ],
)
def test_no_stores(url: str) -> None:
    with pytest.raises(names.NoEndpointOnAwsError):
        names.store(url)


@pytest.mark.parametrize(
    ("image", "repository"),
    [
        ("123456789012.dkr.ecr.eu-central-1.amazonaws.com/a/b@sha256:ab", "a/b"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/serve:1.2@sha256:ab", "serve"),
        ("registry.example/a/b@sha256:ab", "own"),
        ("12.dkr.ecr.eu-central-1.amazonaws.com/a@sha256:ab", "own"),
    ],
)
def test_repositories(image: str, repository: str) -> None:
    assert names.repository(image, "own") == repository


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-central-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_partitions(region: str, partition: str) -> None:
    assert names.partition(region) == partition


@given(st.text(max_size=400).filter(bool))
def test_tags_hold_what_aws_allows(owner: str) -> None:
    config = msgspec.structs.replace(CONFIGS["serverless"], owner=owner)
    made = names.tags(config)
    assert set(made) == set(config.tags)
    for value in made.values():
        assert re.fullmatch(r"[\w .:/=+@-]{0,256}", value)
        assert value == value.strip()
