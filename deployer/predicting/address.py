"""What a URL names: a server, and perhaps one of its models."""

import ipaddress
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from deployer.errors import UsageError

__all__ = ["Address", "is_loopback", "is_url", "parse_address"]

_MODELS = "/v2/models/"
_FORM = "write it as https://HOST[:PORT] or https://HOST[:PORT]/v2/models/NAME"


class Address(NamedTuple):
    """A server that speaks the Open Inference Protocol.

    Attributes:
        base: its address without what the protocol adds, such as ``https://host/prefix``.
        model: that the URL names; "" for none.
        version: that it names; "" for whichever is served.

    """

    base: str
    model: str = ""
    version: str = ""

    def path(self, *, model: str, action: str = "") -> str:
        """Return the path of a model below `base`, ``/infer`` or ``/ready`` as its `action`."""
        version = f"/versions/{quote(self.version, safe='')}" if self.version else ""
        return f"{_MODELS}{quote(model, safe='')}{version}{action}"

    @property
    def secure(self) -> bool:
        """Whether nobody between here and there can read along."""
        parts = urlsplit(self.base)
        return parts.scheme == "https" or is_loopback(parts.hostname or "")


def is_url(text: str) -> bool:
    """Return whether `text` means an endpoint, not a folder or a version."""
    return text.lower().startswith(("http://", "https://"))


def parse_address(url: str) -> Address:
    """Return what `url` names.

    Raises:
        UsageError: it is no address of a server, or it holds a name or password.

    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"not an address: {error}", where=_shown(url), hint=_FORM) from error
    if "@" in parts.netloc:
        # Not shown: it may be a password, and messages end up in logs.
        raise UsageError(
            "an address holds no user and no password",
            where=f"{parts.scheme}://…@{host}",
            hint="leave them out, and put the endpoint's key into DEPLOYER_API_KEY",
        )
    if parts.scheme.lower() not in {"http", "https"} or not host or port == 0:
        raise UsageError("not the address of a server", where=_shown(url), hint=_FORM)
    if parts.query or parts.fragment:
        raise UsageError(
            "an address of an endpoint has no ? and no #", where=_shown(url), hint=_FORM
        )
    prefix, found, rest = parts.path.partition(_MODELS)
    base = f"{parts.scheme.lower()}://{parts.netloc}"
    if not found:
        return Address(base + prefix.rstrip("/").removesuffix("/v2"))
    names = [unquote(each) for each in rest.strip("/").split("/")]
    if names[-1] in {"infer", "ready"}:
        names.pop()
    match names:
        case [model] if model:
            return Address(base + prefix, model)
        case [model, "versions", version] if model and version:
            return Address(base + prefix, model, version)
    raise UsageError("not the address of a model", where=_shown(url), hint=_FORM)


def is_loopback(host: str) -> bool:
    """Return whether `host` is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _shown(url: str) -> str:
    """Return a URL that will not do, without what may be a secret in it."""
    return url.rpartition("@")[2].partition("?")[0]
