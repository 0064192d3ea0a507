"""A short look at an alias: from the first cloud that answers soon, whatever the others do."""

import time
from collections.abc import Callable, Mapping, Sequence

from deployer.errors import CloudError, DamagedError, DeployerError, TimedOutError
from deployer.registry.aliasing.aliases import read_alias
from deployer.registry.cloud import Cloud
from deployer.registry.format.names import Reference
from deployer.registry.format.records import AliasRecord, digest, encode
from deployer.registry.reading.resolve import gravest
from deployer.registry.who import now, stamp
from deployer.serving.run.threads import within
from providers.errors import StoreError

__all__ = ["AliasLook"]

PATIENCE = 2.0  # seconds that a cloud gets to answer a small read
FIRST_REST = 1.0
LONGEST_REST = 15.0

_Read = Callable[[Cloud], AliasRecord | None]


class _Rest:
    """How long a cloud is left alone after it failed, and whether it still owes an answer."""

    def __init__(self) -> None:
        self.until = 0.0
        self.length = 0.0
        self.asking = False

    def fail(self) -> None:
        self.length = min(LONGEST_REST, max(FIRST_REST, self.length * 2))
        self.until = time.monotonic() + self.length

    def well(self) -> None:
        self.length = self.until = 0.0

    def answered(self) -> None:
        self.asking = False


class AliasLook:
    """Tells whether an alias may lead elsewhere than it did, in one small read.

    A cloud that failed comes last for a while, up to `LONGEST_REST` seconds. One whose record was
    not believed is passed over until it has another record.

    Args:
        reference: the alias.
        clouds: to ask, the nearest first.
        read: returns a cloud's record of the alias.
        patience: seconds that a cloud gets to answer.

    """

    def __init__(
        self,
        reference: Reference,
        clouds: Sequence[Cloud],
        read: _Read | None = None,
        *,
        patience: float = PATIENCE,
    ) -> None:
        self._patience = patience
        self._reference = reference
        self._clouds = clouds
        self._read = read or self._read_alias
        self._rests = {cloud.name: _Rest() for cloud in clouds}
        self._last: dict[str, str] = {}
        self._believed: str | None = None
        self._expires: str | None = None

    def order(self) -> list[Cloud]:
        """Return the clouds to ask: those that failed lately come last."""
        time_now = time.monotonic()
        return sorted(self._clouds, key=lambda cloud: self._rests[cloud.name].until > time_now)

    def believe(self, record: AliasRecord | None, failed: Mapping[str, Exception]) -> None:
        """Take note of what came of reading the reference whole.

        Args:
            record: what was believed; None if nothing was.
            failed: cloud name → why it was passed over.

        """
        if record is not None:
            self._believed, self._expires = digest(encode(record)), record.expires
        for name, error in failed.items():
            if isinstance(error, StoreError):
                self._rests[name].fail()

    def changed(self) -> bool:
        """Return whether a cloud has another record than it had, and than was believed.

        Raises:
            StoreError, DeployerError: no cloud answers; or the alias has expired since.

        """
        failed: dict[str, Exception] = {}
        for cloud in self.order():
            try:
                found = self._ask(cloud)
            except (StoreError, DeployerError) as error:
                failed[cloud.name] = error
                continue
            if found == self._believed:
                self._last[cloud.name] = found
                self._check_time()
                return False
            if found != self._last.get(cloud.name):
                self._last[cloud.name] = found
                return True
        if len(failed) < len(self._clouds):
            return False
        raise gravest(failed)

    def _check_time(self) -> None:
        if self._expires is not None and self._expires < stamp(now()):
            raise DamagedError(
                f"{self._reference} expired at {self._expires}",
                hint="somebody may hold a newer one back; what is in service goes on",
            )

    def _ask(self, cloud: Cloud) -> str:
        """Return the digest of the record that `cloud` has; "" for none."""
        rest = self._rests[cloud.name]
        try:
            if rest.asking:
                raise TimedOutError("still no answer")
            rest.asking = True
            record = within(self._patience, lambda: self._read(cloud), done=rest.answered)
        except TimedOutError as error:
            rest.fail()
            raise CloudError(
                f"{cloud.name} does not answer", where=cloud.store.url, hint="it is asked again"
            ) from error
        except (StoreError, DeployerError):
            rest.fail()
            raise
        rest.well()
        return digest(encode(record)) if record else ""

    def _read_alias(self, cloud: Cloud) -> AliasRecord | None:
        assert self._reference.alias is not None  # noqa: S101 - others are not followed
        found = read_alias(cloud, self._reference.name, self._reference.alias)
        return found[0] if found else None
