"""One model of a server: what is in service, what is about to be, what went wrong."""

import asyncio

from deployer.errors import DeployerError
from deployer.serving.run.sources import Source
from deployer.serving.run.state import Placed

__all__ = ["Item"]


class Item:
    """One model of a server.

    Args:
        source: where its versions come from.

    Attributes:
        current: what is in service.
        candidate: what workers are loading.
        loaded: whether it shall be in service at all.
        behind: whether the source means something that could not be fetched yet.
        refused: digests that workers tried in vain.
        refusal: why the newest version is not in service; "" if nothing is wrong.
        absence: why nobody knows what the newest version is; "" if somebody does.
        absence_kind: what that is for an error.
        deaths: of workers while they loaded the candidate.
        lock: held by whoever changes what is in service.

    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.current: Placed | None = None
        self.candidate: Placed | None = None
        self.loaded = True
        self.behind = False
        self.refused: set[str] = set()
        self.refusal = ""
        self.absence = ""
        self.absence_kind: type[DeployerError] | None = None
        self.deaths = 0
        self.lock = asyncio.Lock()
        self._outcome: asyncio.Future[None] | None = None

    @property
    def wanted(self) -> Placed | None:
        """What workers shall answer with."""
        return (self.candidate or self.current) if self.loaded else None

    @property
    def problem(self) -> str:
        """What is wrong, for people; "" if nothing is."""
        return "; ".join(each for each in (self.absence, self.refusal) if each)

    def propose(self, placed: Placed) -> "asyncio.Future[None]":
        """Have workers load a version; return what tells how that went."""
        self.loaded, self.candidate, self.deaths = True, placed, 0
        self._outcome = asyncio.get_running_loop().create_future()
        return self._outcome

    def accept(self) -> None:
        """Take the candidate into service."""
        self.current, self.candidate = self.candidate, None
        if self._outcome is not None and not self._outcome.done():
            self._outcome.set_result(None)

    def reject(self, error: DeployerError) -> None:
        """Stay with what is in service."""
        if self.candidate is None:
            return
        self.refused.add(self.candidate.digest)
        version = f":{self.candidate.version}" if self.candidate.version else ""
        error.message = f"{self.candidate.name}{version} is not put in service: {error.message}"
        self.candidate = None
        if self._outcome is not None and not self._outcome.done():
            self._outcome.set_exception(error)
