"""What may stand in a router: all that reaches a proxy's configuration is checked here.

Configurations are texts with quotes, blanks and comments of their own, and names come from people.
Nothing is escaped by the renderers of HAProxy; what could break out of a word is refused.
"""

import ipaddress
import math
import re

from infra.router.errors import RouterError

__all__ = [
    "check_authorities",
    "check_digest",
    "check_dns_name",
    "check_label",
    "check_listen",
    "check_model",
    "check_name",
    "check_number",
    "check_url",
    "is_address",
]

_MODEL = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?\Z")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}\Z")
_LABEL = re.compile(r"[A-Za-z0-9._/ -]{0,63}\Z")
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?\Z")
_URL = re.compile(r"https?://(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9_.-]+))(?::([0-9]{1,5}))?/?\Z")
_PATH = re.compile(r"/[\w./@+,-]*[\w@+,-]\Z")
_MOST_PORT = 65535


def is_address(host: str) -> bool:
    """Return whether `host` is an IP address, not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return "%" not in host


def check_model(name: str) -> None:
    """Refuse what no model is called; raises RouterError."""
    if not _MODEL.match(name) or ".." in name:
        raise RouterError(f"{name!r} is not a model's name")


def check_name(name: str) -> None:
    """Refuse an endpoint's name that would not stay one word; raises RouterError."""
    if not _NAME.match(name):
        raise RouterError(
            f"{name!r} cannot be an endpoint's name: use up to 63 letters, digits, dots, dashes "
            "and underscores"
        )


def check_label(text: str, what: str) -> None:
    """Refuse a cloud's or region's name of odd characters; raises RouterError."""
    if not _LABEL.match(text):
        raise RouterError(f"{text!r} cannot be a {what}")


def check_digest(digest: str) -> None:
    """Refuse what is not 64 hexadecimal digits; raises RouterError."""
    if not _DIGEST.match(digest):
        raise RouterError(f"{digest!r} is not a digest: 64 hexadecimal digits in lower case")


def check_url(url: str, name: str) -> None:
    """Refuse all but scheme, host and port; raises RouterError."""
    match = _URL.match(url)
    host = (match[1] or match[2]) if match else ""
    named = bool(match and match[2] and _HOST.match(host) and not _looks_numeric(host))
    if not match or not (is_address(host) or named):
        # Not repeated: somebody's password may be in it.
        raise RouterError(f"the address of {name} is not http(s)://HOST:PORT and nothing more")
    if match[3] is not None and not 0 < int(match[3]) <= _MOST_PORT:
        raise RouterError(f"{match[3]} is no port ({name})")


def check_dns_name(name: str) -> None:
    """Refuse what is not a host's name; raises RouterError."""
    if not _HOST.match(name) or is_address(name):
        raise RouterError(f"{name!r} is not a name that DNS records can be for")


def check_listen(host: str, *ports: int) -> None:
    """Refuse to listen on anything but an address and possible ports; raises RouterError."""
    if not is_address(host):
        raise RouterError(f"{host!r} is not an IP address to listen on, such as 0.0.0.0")
    for port in ports:
        if not 0 <= port <= _MOST_PORT:
            raise RouterError(f"{port} is no port")


def check_number(value: float, what: str, low: float, high: float) -> None:
    """Refuse a number outside of `low` to `high`, and what is none; raises RouterError."""
    if not (math.isfinite(value) and low <= value <= high):
        raise RouterError(f"{what} must be from {low:g} to {high:g}, not {value}")


def check_authorities(path: str, name: str, *, tls: bool) -> None:
    """Refuse a file of authorities that no proxy would find, or need; raises RouterError."""
    if not tls:
        raise RouterError(f"{name} is not reached over https, and needs no file of authorities")
    if not _PATH.match(path):
        raise RouterError(
            f"{path!r} cannot be the file of authorities of {name}: write an absolute path of "
            "letters, digits and /._-@+,"
        )


def _looks_numeric(host: str) -> bool:
    # 127.1 and 0x7f.1 are addresses to some resolvers and names to others.
    return host.rstrip(".").rsplit(".", 1)[-1].lower().removeprefix("0x").isdigit()
