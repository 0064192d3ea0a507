"""Whether models answer as they did when they were packaged; asked often, so asked with care."""

import time
from collections.abc import Sequence

import msgspec

from deployer.serving.http.messages import JSON, Response, digests
from deployer.serving.models import Models, Served

__all__ = ["Readiness"]

_ENCODE = msgspec.json.Encoder().encode
_AGE = 1.0


class Readiness:
    """The golden rows' answers, run at most once a second per version.

    Whoever may ask for readiness needs no key: more often would be a way to keep the process busy.
    """

    def __init__(self, models: Models) -> None:
        self._models = models
        self._known: dict[str, tuple[float, str]] = {}

    def reason(self, served: Served) -> str:
        """Return why a version is not ready, "" if it is."""
        now = time.monotonic()
        known = self._known.get(served.digest)
        if known is not None and now - known[0] < _AGE:
            return known[1]
        try:
            reason = served.prove()
        except Exception as error:  # noqa: BLE001 - whatever it is, it does not answer as it did
            reason = f"the golden rows cannot be run: {type(error).__name__}"
        kept = {digest: each for digest, each in self._known.items() if now - each[0] < _AGE}
        self._known = {**kept, served.digest: (time.monotonic(), reason)}
        return reason

    def of_all(self, expected: str) -> Response:
        """Return whether the process is ready: no model is broken, and it is to stay.

        Args:
            expected: digests of which one must be served, separated by commas; "" for any.

        """
        models = self._models.all()
        reasons = [self.reason(each) for each in models]
        wrong = next((each for each in reasons if each), "")
        if not models:
            wrong = "no model is loaded yet"
        elif self._models.draining:
            wrong = "the server is about to stop"
        elif expected and not wrong:
            accepted = {each.strip().removeprefix("sha256:") for each in expected.split(",")}
            if accepted.isdisjoint(each.digest for each in models):
                wrong = "no model with an expected digest is served"
        listed = [
            {**_named(each), "ready": not reason}
            for each, reason in zip(models, reasons, strict=True)
        ]
        return _response(models, {"ready": not wrong, "models": listed}, wrong)

    def of_one(self, served: Served) -> Response:
        """Return whether a version is ready."""
        wrong = self.reason(served)
        if self._models.draining:
            wrong = "the server is about to stop"
        return _response([served], {**_named(served), "ready": not wrong}, wrong)


def _named(served: Served) -> dict[str, object]:
    return {"name": served.name, "version": served.version, "digest": f"sha256:{served.digest}"}


def _response(models: Sequence[Served], document: dict[str, object], wrong: str) -> Response:
    headers = [JSON, ("cache-control", "no-store")]
    if models:
        headers.append(digests(models))
    if not wrong:
        return Response(200, headers, _ENCODE(document))
    body = _ENCODE({"error": f"not ready: {wrong}", **document})
    return Response(503, headers, body, error="not_ready")
