"""What answers batches of rows: a package on this machine, or an endpoint."""

import hashlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from deployer.errors import CloudError
from deployer.packaging.documents import Schema
from deployer.packaging.layout import MODEL_FILE
from deployer.packaging.runtime import Prediction
from deployer.predicting.failures import TooLargeError, TooSlowError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deployer.packaging.load import LoadedModel
    from deployer.predicting.client import ModelClient

__all__ = ["Model", "Pinned", "of_endpoint", "of_package"]

# So few rows that their number is not why they take long.
_FEW = 200

_Arrays = Mapping[str, "NDArray[Any]"]


class Model(NamedTuple):
    """A model, wherever it is.

    Attributes:
        schema: what it takes, and its classes.
        predict: from one array of shape (N, 1) per column to the answers; from many threads.
        digest: returns the hex SHA-256 of what answers; "" as long as, or if, nobody knows.
        expect: says, before the first answer, the digest of what must answer.

    """

    schema: Schema
    predict: Callable[[_Arrays], Prediction]
    digest: Callable[[], str] = lambda: ""
    expect: Callable[[str], None] = lambda _: None


def of_package(package: "LoadedModel", folder: Path) -> Model:
    """Return the model in a package that was read from `folder`; it answers, whatever is expected.

    Raises:
        OSError: the folder is gone.

    """
    # It names every other file's digest, as a manifest does.
    digest = hashlib.sha256((folder / MODEL_FILE).read_bytes()).hexdigest()
    return Model(package.schema, package.classifier.predict, lambda: digest)


def of_endpoint(client: "ModelClient") -> Model:
    """Return the model behind a URL; one version of it answers all batches, see :class:`Pinned`."""
    pinned = Pinned(client)
    return Model(client.schema, pinned.predict, lambda: pinned.digest, pinned.expect)


class Pinned:
    """Asks an endpoint for many batches, all answered by the version that answered the first.

    An alias may move meanwhile; servers keep the version before for requests that expect it.

    Attributes:
        digest: hex SHA-256 of what answers; "" before the first answer, and for servers that do
            not tell.

    """

    def __init__(self, client: "ModelClient") -> None:
        self._client = client
        self._first = Lock()
        self._begun = False
        self._most = sys.maxsize
        self.digest = ""

    def expect(self, digest: str) -> None:
        """Say, before the first request, what must answer all of them; "" for anything."""
        self.digest = digest
        self._begun = bool(digest)

    def predict(self, arrays: _Arrays) -> Prediction:
        """Return the answers for arrays of shape (N, 1) by column.

        What the server finds too large, or too slow to answer, is sent in halves, and so is
        what follows: a router lets one try take a second only.

        Raises:
            CloudError: it has another version by now; otherwise as
                :meth:`~deployer.predicting.client.ModelClient.ask`.

        """
        if self._begun:
            return self._predict(arrays)
        with self._first:
            found = self._predict(arrays)
            self._begun = True
            return found

    def _predict(self, arrays: _Arrays) -> Prediction:
        rows = len(next(iter(arrays.values())))
        if rows > self._most:
            return self._halves(arrays, rows // 2)
        try:
            asked = self._client.ask(arrays, expect=self.digest)
        except (TooLargeError, TooSlowError) as error:
            least = 1 if isinstance(error, TooLargeError) else _FEW
            if rows <= least:
                raise
            self._most = min(self._most, max(least, rows // 2))
            return self._halves(arrays, rows // 2)
        if self.digest and asked.digest != self.digest:
            raise CloudError(
                f"answers with sha256:{asked.digest[:12]}… now, "
                f"and sha256:{self.digest[:12]}… answered before",
                where=self._client.where,
                hint="start over, with --restart if rows are kept, so that one version answers all",
            )
        self.digest = asked.digest
        return asked.prediction

    def _halves(self, arrays: _Arrays, middle: int) -> Prediction:
        import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

        parts = [
            self._predict({name: array[part] for name, array in arrays.items()})
            for part in (slice(None, middle), slice(middle, None))
        ]
        return Prediction(
            np.concatenate([each.labels for each in parts]),
            np.concatenate([each.probabilities for each in parts]),
        )
