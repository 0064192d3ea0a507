"""From settings to the router that they describe."""

import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from deployer.errors import UsageError
from deployer.registry.format.names import check_name
from deployer.registry.residency.rules import allowed
from deployer.settings import RouterEndpoint, RouterSettings, Settings
from infra.router.errors import RouterError
from infra.router.model import Endpoint, Router

__all__ = ["router_of"]

# Names go into the proxies' own configuration, where a blank or a quote would end them.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}\Z")
_LIMITS = (("per_try", 0.05, 300.0), ("timeout", 0.05, 900.0))


def router_of(settings: Settings) -> Router:
    """Return the router in ``[router]``.

    Whether an endpoint is resident follows from the model's binding (``[models.NAME] residency``)
    and the endpoint's region: one that is not known satisfies no binding. Nothing is proven yet
    but by assumption; :func:`deployer.routing.acceptance.apply` says what is.

    Raises:
        UsageError: no model or no endpoint is named, an address is none that a proxy can use, or
            two endpoints are one; says which.

    """
    own = settings.router
    if not own.model:
        raise UsageError(
            "no model is named", where="[router] model", hint='write: model = "penguins"'
        )
    check_name(own.model)
    if not own.endpoints:
        raise UsageError(
            "there are no endpoints",
            where="[router.endpoints]",
            hint='write [router.endpoints.aws] url = "https://…"',
        )
    _check_numbers(own)
    model = settings.models.get(own.model)
    binding = model.residency if model else []
    endpoints = tuple(
        replace(_endpoint(name, each), resident=allowed(binding, each.region))
        for name, each in own.endpoints.items()
    )
    _check_apart(endpoints)
    _check_roles(endpoints)
    return Router(
        model=own.model,
        endpoints=endpoints,
        mode=own.mode,
        host=own.host,
        port=own.port,
        admin_port=own.admin_port,
        region=own.region or settings.region or "",
        per_try=own.per_try,
        timeout=own.timeout,
        peak=own.peak,
        dns_name=own.dns_name or "",
    )


def _endpoint(name: str, own: RouterEndpoint) -> Endpoint:
    where = f"[router.endpoints.{name}]"
    if not _NAME.match(name):
        raise UsageError(
            f"{name!r} cannot be an endpoint's name",
            where=where,
            hint="use up to 63 letters, digits, dots, dashes and underscores",
        )
    endpoint = Endpoint(
        name=name,
        url=_checked_url(own.url, f"{where} url"),
        cloud=own.cloud,
        region=own.region or "",
        priority=_at_least(own.priority, 0, f"{where} priority"),
        weight=_at_least(own.weight, 0, f"{where} weight"),
        canary=own.canary,
        capacity=own.capacity,
    )
    if own.ca_file is None:
        return endpoint
    path = str(Path(own.ca_file).expanduser().absolute())
    try:
        return replace(endpoint, ca_file=path)
    except RouterError as error:
        raise UsageError(
            str(error), where=f"{where} ca_file", hint="move the file, or leave ca_file away"
        ) from error


def _checked_url(url: str, where: str) -> str:
    """Return a URL of nothing but a scheme, a host and perhaps a port."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{url!r}: {error}", where=where, hint="write https://HOST:PORT") from None
    if parts.username or parts.password:
        # Never repeated: it is somebody's secret.
        raise UsageError(
            "an address must not hold credentials",
            where=where,
            hint="clients send their key themselves; write https://HOST:PORT",
        )
    wrong = (
        "its scheme is neither http nor https"
        if parts.scheme not in {"http", "https"}
        else "it names no host"
        if not parts.hostname or not re.fullmatch(r"[A-Za-z0-9.:_-]+", parts.hostname)
        else "port 0 is nobody's"
        if port == 0
        else "it has more than a host and a port"
        if parts.path not in {"", "/"} or parts.query or parts.fragment
        else ""
    )
    if wrong:
        raise UsageError(f"{url!r}: {wrong}", where=where, hint="write https://HOST:PORT")
    return url.rstrip("/")


def _at_least(value: int, low: int, where: str) -> int:
    if value < low:
        raise UsageError(f"{value} is too small", where=where, hint=f"write {low} or more")
    return value


def _check_numbers(own: RouterSettings) -> None:
    for name, low, high in _LIMITS:
        value = getattr(own, name)
        if not low <= value <= high:
            raise UsageError(
                f"{value} is not possible",
                where=f"[router] {name}",
                hint=f"write seconds from {low:g} to {high:g}",
            )
    for name in ("port", "admin_port"):
        if not 0 <= getattr(own, name) <= 65535:  # noqa: PLR2004 - TCP's own
            raise UsageError(
                f"{getattr(own, name)} is no port",
                where=f"[router] {name}",
                hint="write a number from 1 to 65535",
            )


def _check_apart(endpoints: tuple[Endpoint, ...]) -> None:
    """Refuse two endpoints at one address: failing over from one to the other would help nobody."""
    seen: dict[tuple[str, int], str] = {}
    for each in endpoints:
        other = seen.setdefault((each.host, each.port), each.name)
        if other != each.name:
            raise UsageError(
                f"the same address as {other}",
                where=f"[router.endpoints.{each.name}] url",
                hint="name each endpoint once",
            )


def _check_roles(endpoints: tuple[Endpoint, ...]) -> None:
    if all(each.canary for each in endpoints):
        raise UsageError(
            "every endpoint is a canary",
            where="[router.endpoints]",
            hint="leave canary away where the stable version is served",
        )
