"""Tells which inputs of a program are secrets although the program does not say so.

Three grounds: a value that is a secret whatever it is called (an access key, a private key, a
token, a connection string), a name that says so (``adminPassword``, ``DB_TOKEN``), and a name that
hints at it together with a value that seems to be drawn by lot. Names, addresses, ARNs and digests
are no secrets. When in doubt under a name that says so, it is one: a review prints less then.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from infra.policy._secret_values import is_plain, is_random, is_secret
from infra.resources import SECRET, computed, secret

__all__ = ["looks_secret", "redact"]

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_ASSIGNED = re.compile(r"\b(?P<name>[A-Z][A-Z0-9_]{2,})=(?P<quote>[\"']?)(?P<value>[^\s\"';&|]+)")
_DEEPEST = 100


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_SECRETS = _set(
    "password passwd pwd passphrase secret token credential apikey accesskey privatekey "
    "secretkey connectionstring sas"
)
_KEYS = _set(
    "access account admin api app application auth authentication client deploy encryption hmac "
    "license master primary private root secondary secret serve service session shared signing "
    "ssh storage user webhook"
)
# What may follow without making it another thing: `secretString`, `password2`, `tokenValue`.
_TAILS = _set(
    "base64 binary content contents current data encoded hash new next old plain plaintext "
    "previous primary secondary string text value values wo"
)
# In front of it these make it another thing: `maxTokens`, `kmsKey`, `publicKey`, `partitionKey`.
_OTHERS = _set("count limit max maximum min minimum num number public")
_HINTS = _set("auth cert cookie cred credentials key nonce pass salt seed session sig")
# Of values that seem drawn by lot and are meant to be seen.
_SHOWN = _set(
    "arn checksum commit digest etag fingerprint hash id ids md5 name revision sha sha1 sha256 "
    "sha512 thumbprint uri url version"
)
_HOLDERS = frozenset({"secrets", "secureEnvironmentVariables", "secretVariables"})


def looks_secret(name: str, value: object) -> bool:
    """Return whether an input looks like a secret.

    Args:
        name: of the property, the environment variable or the key that holds it, as the program
            writes it (any case); "" if it has none.
        value: what it holds. Only texts are secrets: switches and numbers are none, what is not
            known yet neither, and a list or a mapping only if it holds one.

    """
    if isinstance(value, str):
        return _text_is_secret(name, value)
    if secret(value):
        return True
    if isinstance(value, Mapping | list | tuple) and not computed(value):
        return bool(_clean(name, value, 0) != value)
    return False


def redact(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return inputs with every secret in them replaced by `infra.resources.SECRET`.

    It also looks into pairs (``{"name": "DB_PASSWORD", "value": …}``) and into texts that are JSON
    objects or lists, such as the container definitions of a task, of which the rest stays.
    """
    return {name: _clean(name, value, 0) for name, value in inputs.items()}


def _text_is_secret(name: str, text: str) -> bool:
    if is_secret(text):
        return True
    if _document(text) is not None:
        return bool(_clean(name, text, 0) != text)
    if any(_named(each["name"], each["value"]) for each in _ASSIGNED.finditer(text)):
        return True
    return _named(name, text)


def _named(name: str, text: str) -> bool:
    """Return whether a text is a secret by its name, alone or with how it looks."""
    if is_plain(text):
        return False
    match _says(name):
        case "secret":
            return True
        case "hint":
            return is_random(text)
    return False


@cache
def _says(name: str) -> str:
    """Return what a name says of its value: ``secret``, ``hint`` or nothing."""
    words = [each.lower() for each in _WORD.findall(name)]
    while len(words) > 1 and (words[-1] in _TAILS or words[-1].isdecimal()):
        if words[-2:] == ["connection", "string"]:
            return "secret"
        words.pop()
    if not words or words[-1] in _SHOWN:
        return ""
    last = words[-1] if words[-1] in _SECRETS else words[-1].removesuffix("s")
    before = words[:-1]
    if last in _SECRETS and not _OTHERS.intersection(before):
        # Alone it is as often a secret's name: Cloud Run's `secretKeyRef.secret`.
        return "hint" if name.lower() in {"secret", "secrets", "token", "tokens"} else "secret"
    if last == "key" and before and before[-1] in _KEYS and "public" not in before:
        return "secret"
    return "hint" if _HINTS.union(_SECRETS).intersection([last, *before]) else ""


def _clean(name: str, value: Any, depth: int) -> Any:
    if computed(value) or secret(value) or depth > _DEEPEST:
        return value if depth <= _DEEPEST else dict(SECRET)
    if isinstance(value, str):
        return _clean_text(name, value, depth)
    if isinstance(value, Mapping):
        return {
            key: _clean(_meant(name, key, value), each, depth + 1) for key, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [_clean(name, each, depth + 1) for each in value]
    return value


def _meant(holder: str, key: object, pair: Mapping[Any, Any]) -> str:
    """Return what a value is called: by its key, or by the name beside it."""
    if str(key).lower() != "value":
        return str(key)
    called = next((pair[each] for each in ("name", "Name", "key") if each in pair), "")
    # Whatever lies in a list of secrets is one.
    return "password" if holder in _HOLDERS else called if isinstance(called, str) else "value"


def _clean_text(name: str, text: str, depth: int) -> Any:
    inner = _document(text)
    if inner is None:
        return dict(SECRET) if _text_is_secret(name, text) else text
    cleaned = _clean(name, inner, depth + 1)
    if cleaned == inner:
        return dict(SECRET) if is_secret(text) else text
    return json.dumps(cleaned)


def _document(text: str) -> Any:
    """Return the JSON object or list that a text is; None if it is none."""
    if text[:1] not in ("{", "[") and not text[:64].lstrip().startswith(("{", "[")):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict | list) else None
