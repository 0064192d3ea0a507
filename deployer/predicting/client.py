"""An endpoint or a router as an object: ready, metadata, predict."""

import os
import time
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any, Self, TypeVar

from deployer.errors import DeployerError, UsageError
from deployer.packaging.cells import Cell, check_columns, encode_inputs
from deployer.packaging.documents import Schema
from deployer.predicting.address import parse_address
from deployer.predicting.failures import KEY_VARIABLE, refusal
from deployer.predicting.metadata import (
    ModelMetadata,
    ServerMetadata,
    decode_document,
    names_of,
    schema_of,
)
from deployer.predicting.replies import Asked, Readiness, Reply
from deployer.predicting.tensors import decode_answer, encode_request
from deployer.predicting.transport import Response, Transport
from infra.contract import DIGEST_HEADER, EXPECT_HEADER

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Asked", "ModelClient", "Readiness", "Reply"]

_T = TypeVar("_T")

_OK = 200
_MODELS = "/v2/models"


class ModelClient:
    """A model behind a URL: an endpoint, or a router in front of some. Safe to use from threads.

    Args:
        url: ``http://`` or ``https://``, a host, perhaps ``/v2/models/NAME``.
        model: its name; "" if the URL names it, or if the server has only one.
        key: the endpoint's API key; None takes ``DEPLOYER_API_KEY``, "" sends none.
        timeout: seconds for each call, all its tries together; one try gets half of them at most.
        retries: how often a request is tried again at most; inference may be repeated.
        ca_file: certificates of the authorities to believe; "" for the system's, or those that
            SSL_CERT_FILE names.

    Raises:
        UsageError: the URL or the key cannot be used.

    """

    def __init__(
        self,
        url: str,
        model: str = "",
        *,
        key: str | None = None,
        timeout: float = 10.0,
        retries: int = 3,
        ca_file: str = "",
    ) -> None:
        self._address = parse_address(url)
        if model and self._address.model not in {"", model}:
            raise UsageError(
                f"the address names model '{self._address.model}', not '{model}'", where=url
            )
        if not timeout > 0:
            raise UsageError(f"a timeout of {timeout:g} s", hint="use more than 0")
        key = os.environ.get(KEY_VARIABLE, "") if key is None else key
        self._keyed = bool(key)
        self._model = model or self._address.model
        self._lock = Lock()
        self._metadata: ModelMetadata | None = None
        self._schema: Schema | None = None
        self._server: ServerMetadata | None = None
        self._transport = Transport(
            self._address.base, key=key, timeout=timeout, retries=retries, ca_file=ca_file
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    @property
    def where(self) -> str:
        """The address, for messages."""
        return self._address.base

    @property
    def exposed(self) -> bool:
        """Whether a key goes over the network where others can read it."""
        return self._keyed and not self._address.secure

    @property
    def name(self) -> str:
        """The model's name, asked for if nobody gave it; errors as :meth:`metadata`."""
        if not self._model:
            names = self.models()
            if len(names) != 1:
                listed = ", ".join(names) or "none"
                raise UsageError(
                    f"the server has {len(names)} models: {listed}",
                    where=self.where,
                    hint=f"name one: {self.where}{_MODELS}/NAME" if names else "load one there",
                )
            self._model = names[0]
        return self._model

    def models(self) -> list[str]:
        """Return the names of the models that the server has; errors as :meth:`metadata`."""
        response = self._ask("GET", _MODELS)
        return names_of(response.body, where=self.where + _MODELS)

    def ready(self) -> Readiness:
        """Return whether the model answers as it must; asked once, and never an error."""
        try:
            path = self._address.path(model=self.name, action="/ready")
            response = self._ask("GET", path, once=True)
        except DeployerError as error:
            return Readiness(False, "", str(error))
        return Readiness(True, _digest(response), "")

    def metadata(self) -> ModelMetadata:
        """Return what the model takes and gives, asked for once.

        Raises:
            CloudError: the server cannot be reached, or is not able to answer now.
            CredentialsError: it wants a key, or another one.
            MissingError: it has no such model.
            TimedOutError: no answer in time.
            UsageError: it has several models and none is named, or it redirects.
            FailedError: it answers something else than the protocol has.

        """
        with self._lock:
            if self._metadata is None:
                path = self._address.path(model=self.name)
                self._metadata = self._document(path, ModelMetadata)
            return self._metadata

    @property
    def schema(self) -> Schema:
        """The model's schema, as far as its metadata tell; errors as :meth:`metadata`."""
        if self._schema is None:
            self._schema = schema_of(self.metadata(), where=self.where)
        return self._schema

    def server(self) -> ServerMetadata:
        """Return what the server is, asked for once; errors as :meth:`metadata`."""
        if self._server is None:
            self._server = self._document("/v2", ServerMetadata)
        return self._server

    def predict(self, columns: Mapping[str, Sequence[Cell]]) -> Reply:
        """Return the answers for N rows.

        Args:
            columns: N numbers, texts, dates or None by column; others than the model's are left out.

        Raises:
            UsageError: a column is missing, lengths differ, a cell is not what its column holds,
                or the server says that the rows will not do; others as :meth:`metadata`.

        """
        from deployer.packaging.golden import shortest  # noqa: PLC0415 - needs numpy

        begun = time.perf_counter()
        inputs = self.schema.inputs
        check_columns(self.schema, list(columns), where=self.where)
        if len({len(columns[each.name]) for each in inputs}) != 1:
            raise UsageError("the columns have different lengths")
        asked = self.ask(encode_inputs(inputs, columns))
        return Reply(
            [str(label) for label in asked.prediction.labels],
            [shortest(row) for row in asked.prediction.probabilities],
            asked.digest,
            time.perf_counter() - begun,
        )

    def ask(self, arrays: "Mapping[str, NDArray[Any]]", *, expect: str = "") -> Asked:
        """Return the answers for `arrays`, of shape (N, 1) by column; errors as :meth:`predict`.

        Args:
            arrays: what :attr:`schema` makes of a table.
            expect: hex SHA-256 of what must answer; "" for any. A server that has something else
                refuses, as one that is unavailable.

        """
        begun = time.perf_counter()
        server = self.server()
        body, headers = encode_request(arrays, binary=server.binary, matrix=server.matrix)
        if expect:
            headers[EXPECT_HEADER] = expect
        path = self._address.path(model=self.name, action="/infer")
        response = self._ask("POST", path, headers=headers, body=body)
        prediction = decode_answer(
            response.body,
            response.headers,
            rows=len(next(iter(arrays.values()))),
            where=self.where + path,
        )
        return Asked(prediction, _digest(response), time.perf_counter() - begun)

    def _document(self, path: str, kind: type[_T]) -> _T:
        found: _T = decode_document(self._ask("GET", path).body, kind, where=self.where + path)
        return found

    def _ask(self, method: str, path: str, **options: Any) -> Response:
        response = self._transport.send(method, path, **options)
        if response.status == _OK:
            return response
        raise refusal(
            response.status,
            response.body,
            where=self.where + path,
            keyed=self._keyed,
            location=response.headers.get("location", ""),
            models=lambda: "" if path == _MODELS else self._advice(),
        )

    def _advice(self) -> str:
        """Return what a client that named a wrong model needs to know."""
        try:
            names = self.models()
        except DeployerError:
            return ""
        return f"its models: {', '.join(names)}" if names else "it has no models"


def _digest(response: Response) -> str:
    return response.headers.get(DIGEST_HEADER, "").removeprefix("sha256:")
