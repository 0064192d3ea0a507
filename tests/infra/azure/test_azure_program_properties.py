"""Whatever a valid configuration says, the program makes something of it, tagged and named."""

import re
import string
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from infra.azure import names
from infra.azure.names import NoEndpointOnAzureError
from infra.configuration import EndpointConfig
from tests.infra.azure.azure_program_kit import CONFIGS, SUBSCRIPTION, run, taggable

_LOWER = string.ascii_lowercase
_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=300)
_NAMES = st.from_regex(r"[a-z][a-z0-9-]{1,28}[a-z0-9]", fullmatch=True)
_ZONE = CONFIGS["domain"].zone


@st.composite
def _configs(draw: st.DrawFn) -> EndpointConfig:
    most = draw(st.integers(1, 1000))
    domain = draw(st.booleans())
    account = draw(st.from_regex(r"[a-z0-9]{3,24}", fullmatch=True))
    host = draw(st.sampled_from(["registry.example", "examples.azurecr.io"]))
    return EndpointConfig(
        name=draw(_NAMES),
        cloud="azure",
        region=draw(st.sampled_from(["germanywestcentral", "West US", "westcentralus"])),
        model=draw(st.text(_LOWER + string.digits + "-_.", min_size=1, max_size=64)),
        digest="ab" * 32,
        stores=f"az://{account}/models/{draw(st.text(_LOWER + '/', max_size=20))}",
        image=f"{host}/a/b@sha256:{'cd' * 32}",
        owner=draw(_TEXT.filter(bool)),
        environment=draw(_TEXT),
        residency=tuple(draw(st.lists(_TEXT, max_size=3))),
        cpu=draw(st.floats(0.25, 4)),
        memory=draw(st.integers(256, 8192)),
        min_instances=draw(st.integers(0, most)),
        max_instances=most,
        concurrency=draw(st.integers(1, 1000)),
        timeout=draw(st.integers(1, 900)),
        log_days=draw(st.integers(1, 3653)),
        budget=draw(st.integers(0, 10**6)),
        alarm=draw(st.sampled_from(["", "ml@example.com"])),
        domain="penguins.example.com" if domain else "",
        zone=draw(st.sampled_from(["", _ZONE])) if domain else "",
        project=draw(st.sampled_from(["", SUBSCRIPTION])),
        keys=draw(st.sampled_from(["", "some-keys", "https://abc.vault.azure.net/secrets/x"])),
        public=draw(st.booleans()),
    )


# https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
_LEGAL = {
    "storage:StorageAccount": ("accountName", r"[a-z0-9]{3,24}"),
    "containerregistry:Registry": ("registryName", r"[a-zA-Z0-9]{5,50}"),
    "keyvault:Vault": ("vaultName", r"(?!.*--)[a-zA-Z][a-zA-Z0-9-]{1,22}[a-zA-Z0-9]"),
    "keyvault:Key": ("keyName", r"[a-zA-Z0-9-]{1,127}"),
    "keyvault:Secret": ("secretName", r"[a-zA-Z0-9-]{1,127}"),
    "app:ContainerApp": ("containerAppName", r"(?!.*--)[a-z][a-z0-9-]{0,30}[a-z0-9]"),
    "app:ManagedEnvironment": ("environmentName", r"(?!.*--)[a-z][a-z0-9-]{0,30}[a-z0-9]"),
    "monitor:ActionGroup": ("groupShortName", r".{1,12}"),
}


@given(config=_configs(), known=st.booleans())
@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a shrink takes minutes
    suppress_health_check=[HealthCheck.too_slow],
)
def test_any_configuration_makes_tagged_resources_with_legal_names(
    config: EndpointConfig, known: bool
) -> None:
    made = run(config, known=known).resources
    assert len(made) > 30
    for each in made:
        if not each.typ.startswith("azure-native:"):
            continue
        if taggable(each.typ):
            tags = each.inputs["tags"]
            assert set(tags) == {"owner", "model", "residency", "environment", "managed-by"}
            assert all(len(value) <= 256 for value in tags.values())
        kind = each.typ.removeprefix("azure-native:")
        if kind in _LEGAL:
            prop, legal = _LEGAL[kind]
            assert re.fullmatch(legal, each.inputs[prop]), each.inputs[prop]
        # Pulumi adds eight characters; of those that are named so, Azure allows 63 and more.
        assert len(each.name) <= 55, each.name
    called = [(each.typ, each.name) for each in made]
    assert len(called) == len(set(called))


@given(cpu=st.floats(0.25, 16), memory=st.integers(256, 65536))
def test_a_container_is_never_smaller_than_asked(cpu: float, memory: int) -> None:
    try:
        size, gibibytes = names.app_size(cpu, memory)
    except NoEndpointOnAzureError:
        assert cpu > 4 or memory > 8192
        return
    assert (size * 4).is_integer()
    assert cpu <= size <= 4
    assert gibibytes == size * 2
    assert gibibytes * 1024 >= memory


@given(names_=st.lists(_NAMES, min_size=2, max_size=2, unique=True))
def test_vaults_of_other_endpoints_are_called_otherwise(names_: list[str]) -> None:
    plain = CONFIGS["plain"]
    fields = {name: getattr(plain, name) for name in plain.__struct_fields__}
    made = {names.vault(EndpointConfig(**{**fields, "name": each})) for each in names_}
    assert len(made) == 2


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"compute": "service"}, "compute must be serverless"),
        ({"cpu": 5.0}, "at most cpu = 4"),
        ({"memory": 16384}, "at most cpu = 4"),
        ({"keys": "a/b"}, "keys must be"),
        ({"stores": "s3://bucket"}, "az://ACCOUNT"),
        ({"stores": "az://account"}, "az://ACCOUNT"),
        ({"stores": "az://an-account/models"}, "az://ACCOUNT"),
        ({"stores": "az://account/a--b"}, "az://ACCOUNT"),
        ({"stores": "az://[::1"}, "az://ACCOUNT"),
        ({"domain": "penguins.example.com", "zone": "example.com"}, "resource id"),
        ({"domain": "example.com", "zone": _ZONE}, "below the zone"),
        ({"domain": "penguins.example.org", "zone": _ZONE}, "below the zone"),
    ],
)
def test_what_azure_cannot_make_is_refused_in_one_line(change: dict[str, Any], told: str) -> None:
    plain = CONFIGS["plain"]
    fields = {name: getattr(plain, name) for name in plain.__struct_fields__}
    with pytest.raises(NoEndpointOnAzureError, match=told) as caught:
        names.check(EndpointConfig(**{**fields, **change}))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("days", "kept"), [(1, 30), (365, 365), (3653, 730)])
def test_logs_are_kept_as_long_as_azure_can(days: int, kept: int) -> None:
    assert names.retention(days) == kept
