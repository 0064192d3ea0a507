"""Asking endpoints: whether they are ready, and whether they give the golden answers."""

from collections.abc import Callable

from deployer.errors import DeployerError
from deployer.predicting.client import ModelClient
from deployer.routing.acceptance import Seen
from deployer.routing.answers import Known, difference
from infra.router.model import Endpoint

__all__ = ["READY_TIMEOUT", "client_of", "golden_of", "not_resident", "probe", "word"]

READY_TIMEOUT = 1.0
GOLDEN_TIMEOUT = 5.0


def client_of(endpoint: Endpoint, model: str, timeout: float, *, retries: int = 0) -> ModelClient:
    """Return a client that trusts the endpoint as the proxy does."""
    return ModelClient(
        endpoint.url, model, timeout=timeout, retries=retries, ca_file=endpoint.ca_file
    )


def not_resident(endpoint: Endpoint) -> str:
    """Return why an endpoint gets no rows, not even golden ones; "" if it may have some."""
    if endpoint.resident:
        return ""
    place = endpoint.region or "a region that is not known"
    return f"the model's residency does not allow {place}"


def probe(endpoint: Endpoint, model: str, answers: Callable[[str], Known]) -> Seen:
    """Return what an endpoint shows: readiness, digest, and whether golden answers are repeated.

    Args:
        endpoint: which.
        model: its model's name.
        answers: golden answers by digest.

    """
    with client_of(endpoint, model, READY_TIMEOUT) as client:
        found = client.ready()
    if not found.ok:
        return Seen(False, found.digest, reason=found.reason or "not ready")
    return golden_of(endpoint, model, found.digest, answers)


def golden_of(endpoint: Endpoint, model: str, digest: str, answers: Callable[[str], Known]) -> Seen:
    """Return what a ready endpoint that reported `digest` answers to the golden rows."""
    if reason := not_resident(endpoint):
        return Seen(True, digest, False, reason)
    if not digest:
        return Seen(True, "", False, "it does not say which version answers")
    known = answers(digest)
    if known.golden is None:
        if known.problem:
            return Seen(True, digest, False, known.problem)
        return Seen(True, digest, None, "its golden answers are not at hand yet")
    golden = known.golden
    columns = {name: [row.inputs[name] for row in golden.rows] for name in golden.rows[0].inputs}
    try:
        # A client of its own: another version may have other columns, and clients remember them.
        with client_of(endpoint, model, GOLDEN_TIMEOUT, retries=3) as client:
            reply = client.predict(columns)
    except DeployerError as error:
        # Being ready and refusing the rows it must know is no proof of anything.
        return Seen(True, digest, None, f"golden rows: {error}")
    if reply.digest != digest:
        return Seen(True, reply.digest, None, "its version changed meanwhile")
    problem = difference(golden, reply.labels, reply.probabilities)
    return Seen(True, digest, not problem, problem)


def word(seen: Seen) -> str:
    """Return how its golden answers are, in a word or two."""
    return {True: "equal", False: "different", None: "not known"}[seen.repeats]
