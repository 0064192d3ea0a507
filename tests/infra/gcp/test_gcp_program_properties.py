"""Whatever a valid configuration says, the program makes something of it, labelled and named."""

import re
import string
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from infra.configuration import EndpointConfig
from infra.gcp import names
from infra.gcp.names import NoEndpointOnGcpError
from tests.infra.gcp.gcp_program_kit import CONFIGS, label_property, run

_LOWER = string.ascii_lowercase
_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=100)


@st.composite
def _configs(draw: st.DrawFn) -> EndpointConfig:
    most = draw(st.integers(1, 1000))
    domain = draw(st.booleans())
    host = draw(st.sampled_from(["registry.example", "europe-west3-docker.pkg.dev/p"]))
    return EndpointConfig(
        name=draw(st.from_regex(r"[a-z][a-z0-9-]{1,28}[a-z0-9]", fullmatch=True)),
        cloud="gcp",
        region=draw(st.sampled_from(["europe-west3", "us-central1"])),
        model=draw(st.text(_LOWER + string.digits + "-_.", min_size=1, max_size=64)),
        digest="ab" * 32,
        stores=f"gs://{draw(st.from_regex(r'm[a-z0-9]{2,62}', fullmatch=True))}/"
        f"{draw(st.text(_LOWER + '/', max_size=20))}",
        image=f"{host}/a/b@sha256:{'cd' * 32}",
        owner=draw(_TEXT.filter(bool)),
        environment=draw(_TEXT),
        residency=tuple(draw(st.lists(_TEXT, max_size=3))),
        cpu=draw(st.floats(0.25, 8)),
        memory=draw(st.integers(256, 32768)),
        min_instances=draw(st.integers(0, most)),
        max_instances=most,
        concurrency=draw(st.integers(1, 1000)),
        timeout=draw(st.integers(1, 900)),
        log_days=draw(st.integers(1, 3653)),
        budget=draw(st.integers(0, 10**6)),
        alarm=draw(st.sampled_from(["", "ml@example.com"])),
        domain="penguins.example.com" if domain else "",
        zone=draw(st.sampled_from(["", "example-zone"])) if domain else "",
        project=draw(st.sampled_from(["", "some-project"])),
        keys=draw(st.sampled_from(["", "penguins-keys", "projects/p/secrets/keys"])),
        public=draw(st.booleans()),
    )


_LEGAL = {
    "gcp:serviceaccount/account:Account": ("accountId", r"[a-z][a-z0-9-]{4,28}[a-z0-9]"),
    "gcp:artifactregistry/repository:Repository": (
        "repositoryId",
        r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?",
    ),
    "gcp:storage/bucket:Bucket": ("name", r"[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]"),
    "gcp:secretmanager/secret:Secret": ("secretId", r"[A-Za-z0-9_-]{1,255}"),
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": (
        "bucketId",
        r"[a-z0-9][A-Za-z0-9_.-]{0,98}[A-Za-z0-9]",
    ),
}
_LABEL = re.compile(r"[a-z0-9_-]{0,63}")


@given(config=_configs(), known=st.booleans())
@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a shrink takes minutes
    suppress_health_check=[HealthCheck.too_slow],
)
def test_any_configuration_makes_labelled_resources_with_legal_names(
    config: EndpointConfig, known: bool
) -> None:
    made = run(config, known=known).resources
    assert len(made) > 15
    for each in made:
        if not each.typ.startswith("gcp:"):
            continue
        key = label_property(each.typ)
        if key:
            found = each.inputs[key]
            assert set(found) == {"owner", "model", "residency", "environment", "managed-by"}
            assert all(_LABEL.fullmatch(value) for value in found.values()), found
        if each.typ in _LEGAL:
            prop, legal = _LEGAL[each.typ]
            assert re.fullmatch(legal, each.inputs[prop]), each.inputs[prop]
        elif "name" not in each.inputs:
            # Pulumi adds a hyphen and seven digits; Cloud Run has 49 characters, others 63.
            most = 41 if each.typ.startswith("gcp:cloudrunv2/") else 55
            assert re.fullmatch(r"[a-z](?:[a-z0-9-]*[a-z0-9])?", each.name), each.name
            assert len(each.name) <= most, each.name
    called = [(each.typ, each.name) for each in made]
    assert len(called) == len(set(called))


@given(cpu=st.floats(0.25, 16), memory=st.integers(256, 65536))
def test_an_instance_is_never_smaller_than_asked(cpu: float, memory: int) -> None:
    try:
        size, mebibytes = names.run_size(cpu, memory)
    except NoEndpointOnGcpError:
        assert cpu > 8 or memory > 32768
        return
    assert size in (1, 2, 4, 6, 8)
    assert size >= cpu
    assert mebibytes >= max(memory, 512)
    assert mebibytes <= size * 4096


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"compute": "service"}, "compute must be serverless"),
        ({"cpu": 9.0}, "at most cpu = 8"),
        ({"memory": 65536}, "at most cpu = 8"),
        ({"keys": "a/b"}, "keys must be"),
        ({"stores": "s3://bucket"}, "gs://BUCKET"),
        ({"stores": "gs://Upper"}, "gs://BUCKET"),
        ({"stores": "gs://my-google-models"}, "gs://BUCKET"),
        ({"stores": "gs://[::1"}, "gs://BUCKET"),
    ],
)
def test_what_google_cannot_make_is_refused_in_one_line(change: dict[str, Any], told: str) -> None:
    plain = CONFIGS["plain"]
    fields = {name: getattr(plain, name) for name in plain.__struct_fields__}
    with pytest.raises(NoEndpointOnGcpError, match=told) as caught:
        names.check(EndpointConfig(**{**fields, **change}))
    assert "\n" not in str(caught.value)


def test_an_image_of_the_endpoints_own_registry_names_its_repository() -> None:
    image = f"europe-west3-docker.pkg.dev/project/models/server@sha256:{'cd' * 32}"
    assert names.repository(image, "penguins") == "models"
    assert names.repository(f"registry.example/x@sha256:{'cd' * 32}", "penguins") == "penguins"
