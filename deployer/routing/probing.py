"""Asking endpoints: whether they are ready, and whether they give the golden answers."""

from collections.abc import Callable

from deployer.errors import DeployerError
from deployer.predicting.client import ModelClient
from deployer.routing.acceptance import Seen
from deployer.routing.answers import Known, difference
from infra.router.model import Endpoint

__all__ = ["READY_TIMEOUT", "golden_of", "probe", "word"]

READY_TIMEOUT = 1.0
GOLDEN_TIMEOUT = 5.0


def probe(endpoint: Endpoint, model: str, answers: Callable[[str], Known]) -> Seen:
    """Return what an endpoint shows: readiness, digest, and whether golden answers are repeated.

    Args:
        endpoint: which.
        model: its model's name.
        answers: golden answers by digest.

    """
    with ModelClient(endpoint.url, model, timeout=READY_TIMEOUT, retries=0) as client:
        found = client.ready()
    if not found.ok:
        return Seen(False, found.digest, reason=found.reason or "not ready")
    return golden_of(endpoint, model, found.digest, answers)


def golden_of(endpoint: Endpoint, model: str, digest: str, answers: Callable[[str], Known]) -> Seen:
    """Return what a ready endpoint that reported `digest` answers to the golden rows."""
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
        with ModelClient(endpoint.url, model, timeout=GOLDEN_TIMEOUT) as client:
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
