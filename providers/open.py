"""From a URL to a store; a cloud's SDK is imported when its scheme is first used."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from providers.driver import Driver
from providers.errors import UnsupportedError
from providers.keys import check_key
from providers.prefixed import PrefixedDriver
from providers.store import DEFAULTS, Store, StoreOptions

__all__ = ["open_store"]

FORMS = "s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://ACCOUNT/CONTAINER/PREFIX, file:///PATH"


def open_store(url: str, *, endpoint: str | None = None, options: StoreOptions = DEFAULTS) -> Store:
    """Open the store that `url` names; no request is sent.

    Args:
        url: ``s3://bucket/prefix``, ``gs://bucket/prefix``, ``az://account/container/prefix``,
            ``file:///path`` or ``memory://``.
        endpoint: another server than the cloud's own; the ecosystem's variables work too
            (AWS_ENDPOINT_URL_S3, STORAGE_EMULATOR_HOST, AZURE_STORAGE_CONNECTION_STRING).
        options: limits and patience.

    Raises:
        UnsupportedError: the URL has another form, or the cloud's SDK is not installed.

    """
    scheme, _, rest = url.partition("://")
    opener = _OPENERS.get(scheme)
    if opener is None or not url.startswith(f"{scheme}://"):
        raise UnsupportedError(f"{url!r} is not the address of a store", hint=f"write {FORMS}")
    try:
        driver, prefix = opener(url, rest, endpoint, options)
    except ModuleNotFoundError as error:
        extra = {"s3": "aws", "gs": "gcp", "az": "azure"}.get(scheme, "all")
        raise UnsupportedError(
            f"{scheme}:// needs the package {error.name}",
            url=url,
            hint=f"pip install 'deployer[{extra}]'",
        ) from error
    if prefix:
        check_key(prefix)
        driver = PrefixedDriver(driver, f"{prefix}/")
    return Store(driver, options)


def _split(url: str, rest: str, names: int) -> tuple[list[str], str]:
    """Return the first `names` segments and the prefix behind them."""
    parts = rest.rstrip("/").split("/", names)
    if len(parts) < names or not all(parts[:names]):
        raise UnsupportedError(f"{url!r} is not complete", hint=f"write {FORMS}")
    return parts[:names], parts[names] if len(parts) > names else ""


def _open_s3(
    url: str, rest: str, endpoint: str | None, options: StoreOptions
) -> tuple[Driver, str]:
    from providers.s3 import open_driver  # noqa: PLC0415 - an SDK is imported on use

    (bucket,), prefix = _split(url, rest, 1)
    return open_driver(bucket, endpoint=endpoint, timeout=options.timeout), prefix


def _open_gcs(
    url: str, rest: str, endpoint: str | None, options: StoreOptions
) -> tuple[Driver, str]:
    from providers.gcs import open_driver  # noqa: PLC0415 - an SDK is imported on use

    (bucket,), prefix = _split(url, rest, 1)
    return open_driver(bucket, endpoint=endpoint, timeout=options.timeout), prefix


def _open_azure(
    url: str, rest: str, endpoint: str | None, options: StoreOptions
) -> tuple[Driver, str]:
    from providers.azure_blob import open_driver  # noqa: PLC0415 - an SDK is imported on use

    (account, container), prefix = _split(url, rest, 2)
    driver = open_driver(account, container, endpoint=endpoint, timeout=options.timeout)
    return driver, prefix


def _open_local(
    url: str, rest: str, endpoint: str | None, options: StoreOptions
) -> tuple[Driver, str]:
    from providers.local import LocalDriver  # noqa: PLC0415

    path = unquote(urlsplit(url).path)
    if urlsplit(url).netloc not in ("", "localhost") or not path:
        raise UnsupportedError(f"{url!r} is not an absolute path", hint="write file:///PATH")
    return LocalDriver(Path(path)), ""


def _open_memory(
    url: str, rest: str, endpoint: str | None, options: StoreOptions
) -> tuple[Driver, str]:
    from providers.memory import MemoryDriver  # noqa: PLC0415

    return MemoryDriver(), rest.rstrip("/")


_OPENERS: dict[str, Callable[[str, str, str | None, StoreOptions], tuple[Driver, str]]] = {
    "s3": _open_s3,
    "gs": _open_gcs,
    "az": _open_azure,
    "file": _open_local,
    "memory": _open_memory,
}
