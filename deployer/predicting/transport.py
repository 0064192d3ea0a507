"""One request over HTTP: tried again where that is safe, all tries before one deadline."""

import random
import re
import time
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from deployer.errors import DeployerError, FailedError, UsageError
from deployer.predicting.address import is_loopback
from deployer.predicting.failures import unreachable

if TYPE_CHECKING:
    import urllib3

__all__ = ["Budget", "Response", "Transport", "retry_after"]

# Another server, or the same a moment later, may answer these (RFC 9110, RFC 6585).
_PASSING = frozenset({429, 502, 503, 504})
_FIRST_WAIT, _LONGEST_WAIT = 0.05, 2.0
_BLOCK = 1 << 20
_LARGEST = 1 << 30
_CONNECTIONS = 64
# Visible characters of ASCII: what a header may carry (RFC 9110, section 5.5).
_TOKEN = re.compile(r"[\x21-\x7e]+")


class Response(NamedTuple):
    """An answer, whatever its status; names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Budget:
    """What retries may be spent: a tenth of the answers, and a few to begin with.

    So a server that is down for long gets few requests more than without retries (the token bucket
    of AWS's SDKs: Brooker, "Fixing retries with token buckets and circuit breakers", 2022).
    """

    def __init__(self, most: float = 10.0, share: float = 0.1) -> None:
        self._lock = Lock()
        self._most, self._share, self._left = most, share, most

    def spend(self) -> bool:
        """Return whether one more retry may be made."""
        with self._lock:
            if self._left < 1:
                return False
            self._left -= 1
            return True

    def earn(self) -> None:
        """Note that there was an answer."""
        with self._lock:
            self._left = min(self._most, self._left + self._share)


class Transport:
    """Requests to one server. Safe to use from many threads.

    Args:
        base: the server's address, without a slash at its end.
        key: sent as ``Authorization: Bearer``; "" for none.
        timeout: seconds for a request with all its tries. One try gets half of them at most, so
            that a server that hangs can be asked again; a server that answers byte by byte can
            make it longer by as much.
        retries: how often a request is tried again at most.
        ca_file: certificates of the authorities to believe; "" for the system's, or those that
            SSL_CERT_FILE names.

    Raises:
        UsageError: the key cannot be sent.

    """

    def __init__(
        self, base: str, *, key: str, timeout: float, retries: int, ca_file: str = ""
    ) -> None:
        if key and not _TOKEN.fullmatch(key):
            raise UsageError(
                "the key holds blanks or letters that no header can carry",
                where="DEPLOYER_API_KEY",
                hint="copy it again, without a line's end",
            )
        self._base = base
        self._host = urlsplit(base).hostname or ""
        self._headers = {"user-agent": "deployer"}
        if key:
            self._headers["authorization"] = f"Bearer {key}"
        self._timeout = timeout
        self._retries = retries
        self._budget = Budget()
        self._manager = _manager(base, self._host, ca_file)

    def close(self) -> None:
        """Close the connections."""
        self._manager.clear()

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        once: bool = False,
    ) -> Response:
        """Return the response to a request that may be sent more than once, as inference may.

        Tried again are connections that fail or break, tries that time out, and responses 429,
        502, 503 and 504, with growing, jittered waits or those that the server asks for.

        Args:
            method: GET or POST.
            path: below the base.
            headers: of this request.
            body: of the request.
            once: never try again.

        Raises:
            CloudError: no connection, or it broke.
            TimedOutError: no answer in time.
            FailedError: an answer that is too large.

        """
        deadline = time.monotonic() + self._timeout
        tries = 1 if once else self._retries + 1
        share = self._timeout if tries == 1 else self._timeout / 2
        while True:
            tries -= 1
            outcome = self._try(
                method,
                path,
                headers=headers or {},
                body=body,
                timeout=max(0.001, min(share, deadline - time.monotonic())),
            )
            if isinstance(outcome, Response) and outcome.status not in _PASSING:
                self._budget.earn()
                return outcome
            wait = self._wait(outcome, self._retries - tries)
            if tries <= 0 or time.monotonic() + wait >= deadline or not self._budget.spend():
                break
            time.sleep(wait)
        if isinstance(outcome, Response):
            return outcome
        raise self._failed(outcome, path) from outcome

    def _wait(self, outcome: "Response | Exception", tried: int) -> float:
        if isinstance(outcome, Response) and (asked := outcome.headers.get("retry-after")):
            seconds = retry_after(asked)
            if seconds is not None:
                return seconds
        # "Full jitter", so that clients that failed together do not return together.
        return random.uniform(0, min(_LONGEST_WAIT, _FIRST_WAIT * 2**tried))  # noqa: S311

    def _try(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes | None,
        timeout: float,
    ) -> "Response | Exception":  # fmt: skip
        import urllib3  # noqa: PLC0415 - slow to import

        end = time.monotonic() + timeout
        try:
            response = self._manager.request(
                method,
                self._base + path,
                headers={**self._headers, **headers},
                body=body,
                timeout=urllib3.Timeout(total=timeout),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            try:
                content = _read(response, end)
            except BaseException:
                # Bytes of this answer must not be taken for the next one's.
                response.close()
                raise
            response.release_conn()
        except urllib3.exceptions.SSLError as error:
            raise self._failed(error, path) from error
        except urllib3.exceptions.HTTPError as error:
            return error
        lowered = {name.lower(): value for name, value in response.headers.items()}
        return Response(response.status, lowered, content)

    def _failed(self, error: Exception, path: str) -> DeployerError:
        return unreachable(error, where=self._base + path, host=self._host, seconds=self._timeout)


def retry_after(text: str) -> float | None:
    """Return the seconds that a ``Retry-After`` asks to wait (RFC 9110, section 10.2.3)."""
    if re.fullmatch(r"[0-9]{1,9}", text.strip()):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _read(response: "urllib3.BaseHTTPResponse", end: float) -> bytes:
    from urllib3.exceptions import ReadTimeoutError  # noqa: PLC0415 - slow to import

    blocks: list[bytes] = []
    size = 0
    while block := response.read1(_BLOCK):
        blocks.append(block)
        size += len(block)
        if size > _LARGEST:
            raise FailedError(
                f"an answer of more than {_LARGEST} bytes",
                where=response.url or "",
                hint="send fewer rows at once",
            )
        if time.monotonic() > end:
            raise ReadTimeoutError(None, response.url or "", "too slow")  # type: ignore[arg-type]  # no pool at hand
    return b"".join(blocks)


def _manager(base: str, host: str, ca_file: str) -> "urllib3.PoolManager":
    import ssl  # noqa: PLC0415 - as above

    import urllib3  # noqa: PLC0415 - as above

    options: dict[str, Any] = {"maxsize": _CONNECTIONS}
    scheme = urlsplit(base).scheme
    if scheme == "https":
        options["ssl_context"] = ssl.create_default_context(cafile=ca_file or None)
    proxy = urllib.request.getproxies().get(scheme)
    if proxy and not is_loopback(host) and not urllib.request.proxy_bypass(host):
        return urllib3.ProxyManager(proxy, **options)
    return urllib3.PoolManager(**options)
