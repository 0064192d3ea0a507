"""What looks like a secret is one, what does not is shown, and nothing of a secret is left over."""

import base64
import json
import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.policy.secrets import looks_secret, redact
from infra.resources import COMPUTED, SECRET

RANDOM = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY0a"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow==\n-----END RSA PRIVATE KEY-----"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "export X=ASIAIOSFODNN7EXAMPLE;",
        PEM,
        json.dumps({"type": "service_account", "private_key": PEM}),
        base64.b64encode(PEM.encode()).decode(),
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        JWT,
        "AIza" + "Sy0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0u1"[:35],
        "ghp_" + "a1B2" * 9,
        "xoxb-123456789012-abcdef",
        "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=" + "Ab1+" * 21 + "==",
        "Endpoint=sb://a.b/;SharedAccessKeyName=Root;SharedAccessKey=" + "Ab1+" * 10,
        "Server=tcp:db,1433;User ID=ada;Password=hunter2;Encrypt=true",
        "postgres://ada:hunter2@db.example:5432/penguins",
        "https://a.blob.core.windows.net/c?sv=2022&sig=" + "Ab1%2F" * 7,
        "https://hooks.slack.com/services/T0/B0/abc",
        "#!/bin/sh\nexport DB_PASSWORD=hunter2\n",
    ],
)
def test_values_that_are_secrets_under_any_name(text: str) -> None:
    assert looks_secret("", text)
    assert looks_secret("description", text)


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "adminPassword",
        "DB_PASSWORD",
        "master_password",
        "administratorLoginPassword",
        "secretString",
        "clientSecret",
        "apiKey",
        "API_KEY",
        "storageAccountKey",
        "sharedKey",
        "accessKey",
        "privateKey",
        "connectionString",
        "authToken",
        "GITHUB_TOKEN",
        "passwordWo",
        "password2",
        "DEPLOYER_SERVE_KEYS",
    ],
)
def test_names_that_say_so(name: str) -> None:
    assert looks_secret(name, "hunter-two")
    assert not looks_secret(name, "")
    assert not looks_secret(name, True)
    assert not looks_secret(name, "arn:aws:secretsmanager:eu-central-1:123456789012:secret:keys")
    assert not looks_secret(name, "projects/p/secrets/keys")
    assert not looks_secret(name, dict(COMPUTED))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kmsKeyId", "arn:aws:kms:eu-central-1:123456789012:key/" + "ab" * 18),
        ("kmsKeyName", "projects/p/locations/europe-west3/keyRings/r/cryptoKeys/k"),
        ("keyName", "models"),
        ("secretId", "keys"),
        ("secretName", "keys"),
        ("secret", "serve-keys"),
        ("secretArn", RANDOM),
        ("publicKey", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ ada@example"),
        ("hashKey", "id"),
        ("httpTokens", "required"),
        ("maxTokens", "4096"),
        ("minimumPasswordLength", "14"),
        ("tokenEndpoint", "https://login.example/token"),
        ("passwordPolicy", "strict"),
        ("keySource", "Microsoft.Keyvault"),
        ("image", "registry.example/penguins@sha256:" + "cd" * 32),
        ("digest", "ab12" * 16),
        ("sourceCodeHash", RANDOM + "=="),
        ("tenantId", "72f988bf-86f1-41af-91ab-2d7cd011db47"),
        ("etag", "d41d8cd98f00b204e9800998ecf8427e"),
        ("url", "https://penguins.example/v2/models"),
        ("url", "postgres://ada:${aws:rds/instance:Instance::db.password}@db.example/penguins"),
        ("bucket", "penguins-models-eu-central-1"),
        ("member", "serviceAccount:server@project.iam.gserviceaccount.com"),
        ("certificate", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"),
        ("timeout", 30),
        ("description", "keys are rotated, and the token expires"),
        ("userData", "#!/bin/sh\nexport STAGE=production\n"),
    ],
)
def test_what_is_meant_to_be_seen(name: str, value: object) -> None:
    assert not looks_secret(name, value)


@pytest.mark.parametrize("name", ["key", "token", "auth", "sessionKey", "credentialsBlob"])
def test_a_hint_needs_a_random_value(name: str) -> None:
    assert looks_secret(name, RANDOM)


@pytest.mark.parametrize("name", ["name", "bucket", "value", "description", ""])
def test_a_random_value_needs_a_hint(name: str) -> None:
    assert not looks_secret(name, RANDOM)


def test_pairs_holders_and_documents() -> None:
    task = [{"name": "server", "environment": [{"name": "API_TOKEN", "value": "zz9"}]}]
    cleaned = redact(
        {
            "environment": [
                {"name": "DB_PASSWORD", "value": "hunter2"},
                {"name": "STAGE", "value": "production"},
            ],
            "configuration": {"secrets": [{"name": "keys", "value": "v1"}]},
            "containerDefinitions": json.dumps(task),
            "known": dict(COMPUTED),
            "hidden": dict(SECRET),
        }
    )
    assert cleaned["environment"][0] == {"name": "DB_PASSWORD", "value": SECRET}
    assert cleaned["environment"][1] == {"name": "STAGE", "value": "production"}
    assert cleaned["configuration"]["secrets"] == [{"name": "keys", "value": SECRET}]
    definitions = json.loads(cleaned["containerDefinitions"])
    assert definitions[0]["name"] == "server"
    assert definitions[0]["environment"][0]["value"] == SECRET
    assert cleaned["known"] == COMPUTED
    assert cleaned["hidden"] == SECRET


def test_a_document_that_holds_none_stays_as_it_was_written() -> None:
    text = '{ "Version":"2012-10-17", "Statement":[] }'
    assert redact({"policy": text}) == {"policy": text}


NAMES = st.sampled_from(
    ["password", "value", "name", "key", "secrets", "env", "DB_TOKEN", "tags", "policy"]
)
WORDS = st.text(string.ascii_letters + string.digits + " =:;/{}[]\"'$-\n", max_size=40)
LEAVES: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.just("x=" + PEM)
)
INPUTS = st.dictionaries(
    NAMES,
    st.recursive(
        LEAVES,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    ),
    max_size=4,
)


def shape(value: Any) -> Any:
    """Return a value with every text and secret replaced by the same thing."""
    if value == SECRET or isinstance(value, str):
        return "text"
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value]
    return repr(value)


@settings(max_examples=60, deadline=None)
@given(INPUTS)
def test_redacting_again_changes_nothing_and_only_texts_change(inputs: dict[str, Any]) -> None:
    cleaned = redact(inputs)
    assert repr(redact(cleaned)) == repr(cleaned)
    assert shape(cleaned) == shape(inputs)


@settings(max_examples=60, deadline=None)
@given(
    st.text(string.ascii_letters + string.digits, min_size=8, max_size=20).map("s3cr3t!{}".format),
    st.sampled_from(["password", "DB_PASSWORD", "clientSecret", "apiKey"]),
    st.integers(0, 4),
)
def test_nothing_of_a_secret_is_left(word: str, name: str, depth: int) -> None:
    value: Any = {
        name: word,
        "pair": {"name": name, "value": word},
        "json": json.dumps({name: word}),
    }
    for _ in range(depth):
        value = [{"deeper": value}]
    assert word not in json.dumps(redact({"top": value}))


def test_very_deep_inputs_end() -> None:
    value: Any = "hunter2"
    for _ in range(3000):
        value = [value]
    assert "hunter2" not in repr(redact({"list": value}))[-2000:]
    assert not looks_secret("policy", "[" * 100_000)
