"""The models that a process answers with, and how one replaces another between two requests."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from deployer.errors import DeployerError
from deployer.packaging.golden import verify_golden
from deployer.packaging.load import LoadedModel
from deployer.serving.refusals import RefusedError, Status

__all__ = ["Models", "Served"]


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """A version that answers.

    Attributes:
        name: of the model.
        version: its number as text; "" for a folder, which has none.
        digest: hex SHA-256 of the version's manifest, or of a folder's ``model.json``.
        package: the model itself, its golden answers repeated while it was loaded.
        source: where it came from, for people: a cloud's name or a folder.
        reference: what it was asked for as, such as ``penguins@champion``.

    """

    name: str
    version: str
    digest: str
    package: LoadedModel
    source: str
    reference: str

    def prove(self) -> str:
        """Run the golden rows through the model; return what is wrong, or ""."""
        try:
            verify_golden(self.package.classifier, self.package.golden)
        except DeployerError as error:
            return error.message
        return ""


class Models:
    """Which version of each model answers; shared by all that serve in a process.

    A request takes what :meth:`get` returned and keeps it to its end, so a replacement drops
    nothing. The version replaced last stays at hand for requests that expect its digest: while an
    alias moves, a router and its endpoints learn of it one after the other.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._current: dict[str, Served] = {}
        self._previous: dict[str, Served] = {}
        self._draining = False

    @property
    def draining(self) -> bool:
        """Whether the process is about to end: it still answers, but is not ready."""
        return self._draining

    def drain(self) -> None:
        """Say not ready from now on."""
        self._draining = True

    def put(self, served: Served) -> None:
        """Answer with `served` from the next request on."""
        with self._lock:
            before = self._current.get(served.name)
            if before is not None and before.digest != served.digest:
                self._previous = {**self._previous, served.name: before}
            self._current = {**self._current, served.name: served}

    def remove(self, name: str) -> None:
        """Answer no more for this model."""
        with self._lock:
            self._current = {k: v for k, v in self._current.items() if k != name}
            self._previous = {k: v for k, v in self._previous.items() if k != name}

    def forget_previous(self, name: str) -> None:
        """Let go of the version that was replaced."""
        with self._lock:
            self._previous = {k: v for k, v in self._previous.items() if k != name}

    def all(self) -> Sequence[Served]:
        """Return the versions that answer, by name of the model."""
        return [self._current[name] for name in sorted(self._current)]

    def find(self, name: str) -> Served | None:
        """Return the version that answers for a model, if there is one."""
        return self._current.get(name)

    def only(self) -> Served:
        """Return the version of the only model, for contracts whose requests name none.

        Raises:
            RefusedError: there is none yet, or more than one.

        """
        current = self._current
        if len(current) == 1:
            return next(iter(current.values()))
        if not current:
            raise RefusedError(Status.UNAVAILABLE, "no model is loaded yet")
        raise RefusedError(
            Status.BAD_REQUEST,
            f"this server has {len(current)} models: name one, as in /v2/models/NAME/infer",
        )

    def get(self, name: str, version: str = "", expected: str = "") -> Served:
        """Return what answers a request.

        Args:
            name: of the model.
            version: that the client names; "" for whichever is served.
            expected: digests that the client accepts, ``sha256:`` before each or not, separated
                by commas; "" for any.

        Raises:
            RefusedError: there is no such model or version (404), or none of the digests is served (503).

        """
        served = self._current.get(name)
        if served is None:
            raise RefusedError(Status.NOT_FOUND, f"no model {name!r} here; see GET /v2/models")
        if not version and not expected:
            return served
        accepted = {each.strip().removeprefix("sha256:") for each in expected.split(",")}
        for candidate in (served, self._previous.get(name)):
            if (
                candidate is not None
                and (not version or candidate.version == version)
                and (not expected or candidate.digest in accepted)
            ):
                return candidate
        if version and version != served.version:
            raise RefusedError(
                Status.NOT_FOUND,
                f"version {version!r} of {name} is not served here; {served.version!r} is",
            )
        raise RefusedError(
            Status.UNAVAILABLE,
            f"{name} is served with sha256:{served.digest}, which was not expected",
        )
