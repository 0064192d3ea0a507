"""Whatever a valid configuration says, the program makes something of it, tagged."""

import string
from typing import Literal

import pulumi
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from infra.aws.names import NoEndpointOnAwsError
from infra.configuration import EndpointConfig
from tests.infra.aws.aws_program_kit import CONFIGS, run, taggable

_LOWER = string.ascii_lowercase
_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=300)
_NAMES = st.from_regex(r"[a-z][a-z0-9-]{1,28}[a-z0-9]", fullmatch=True)
_SHORT = {"aws:lb/loadBalancer:LoadBalancer", "aws:lb/targetGroup:TargetGroup"}
_DAYS = st.one_of(st.just(365), st.integers(1, 3653))


@st.composite
def _configs(draw: st.DrawFn) -> EndpointConfig:
    computes: list[Literal["serverless", "service"]] = ["serverless", "service"]
    compute = draw(st.sampled_from(computes))
    most = draw(st.integers(1, 1000))
    domain = compute == "service" or draw(st.booleans())
    prefix = draw(st.text(_LOWER + "/", max_size=20))
    repository = draw(
        st.sampled_from(["registry.example", "123456789012.dkr.ecr.eu-west-1.amazonaws.com"])
    )
    return EndpointConfig(
        name=draw(_NAMES),
        cloud="aws",
        region=draw(st.sampled_from(["eu-central-1", "us-gov-west-1", "cn-north-1"])),
        model=draw(st.text(_LOWER + string.digits + "-_.", min_size=1, max_size=64)),
        digest="ab" * 32,
        stores=f"s3://{draw(st.from_regex(r'm[a-z0-9]{2,62}', fullmatch=True))}/{prefix}",
        image=f"{repository}/a/b@sha256:{'cd' * 32}",
        owner=draw(_TEXT.filter(bool)),
        environment=draw(_TEXT),
        residency=tuple(draw(st.lists(_TEXT, max_size=3))),
        compute=compute,
        cpu=draw(st.floats(0.25, 16)),
        memory=draw(st.integers(256, 65536)),
        min_instances=draw(st.integers(0, most)),
        max_instances=most,
        concurrency=draw(st.integers(1, 1000)),
        timeout=draw(st.integers(1, 900)),
        log_days=draw(_DAYS),
        budget=draw(st.integers(0, 10**6)),
        alarm=draw(st.sampled_from(["", "ml@example.com"])),
        domain="penguins.example.com" if domain else "",
        zone="Z01" if domain else "",
        keys=draw(
            st.sampled_from(["", "a/b", "arn:aws:secretsmanager:eu-central-1:1:secret:x-AbCdEf"])
        ),
        public=compute == "serverless" or draw(st.booleans()),
    )


@given(config=_configs(), known=st.booleans())
@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
def test_any_configuration_makes_tagged_resources(config: EndpointConfig, known: bool) -> None:
    made = run(config, known=known).resources
    assert len(made) > 40
    for each in made:
        if each.typ.startswith("aws:") and taggable(each.typ):
            tags = each.inputs["tags"]
            assert set(tags) == {"owner", "model", "residency", "environment", "managed-by"}
            assert all(len(value) <= 256 for value in tags.values())
        # Pulumi adds a hyphen and seven characters; AWS allows 32 here, 64 and more elsewhere.
        if each.typ in _SHORT:
            assert len(each.name) <= 24, each.name
    names = [(each.typ, each.name) for each in made]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"compute": "service"}, "needs domain and zone"),
        ({"compute": "service", "domain": "a.example"}, "needs domain and zone"),
        ({"public": False}, "needs compute = service"),
        ({"stores": "gs://bucket"}, "s3://BUCKET"),
        ({"stores": "s3://Upper"}, "s3://BUCKET"),
        ({"stores": "s3://[::1"}, "s3://BUCKET"),
    ],
)
def test_what_aws_cannot_make_is_refused_in_one_line(change: dict[str, object], told: str) -> None:
    plain = CONFIGS["serverless"]
    fields = {name: getattr(plain, name) for name in plain.__struct_fields__}
    with pytest.raises(NoEndpointOnAwsError, match=told) as caught:
        run(EndpointConfig(**{**fields, **change}))
    assert "\n" not in str(caught.value)


def test_another_region_than_the_providers_is_refused() -> None:
    pulumi.runtime.set_config("aws:region", "us-east-1")
    try:
        with pytest.raises(NoEndpointOnAwsError, match="aws:region is us-east-1"):
            run(CONFIGS["serverless"])
    finally:
        pulumi.runtime.set_all_config({})
