"""What a client is told."""

from typing import NamedTuple

from deployer.packaging.runtime import Prediction

__all__ = ["Asked", "Readiness", "Reply"]


class Readiness(NamedTuple):
    """Whether a model's golden answers were just repeated.

    Attributes:
        ok: it answered as it must.
        digest: hex SHA-256 of what answered; "" if the server does not tell.
        reason: why it is not ready; "" if it is.

    """

    ok: bool
    digest: str
    reason: str


class Reply(NamedTuple):
    """The answers for N rows.

    Attributes:
        labels: the class of each row.
        probabilities: of each row, in the order of the model's classes.
        digest: hex SHA-256 of what answered; "" if the server does not tell.
        seconds: from the call to the answer, all tries included.

    """

    labels: list[str]
    probabilities: list[list[float]]
    digest: str
    seconds: float


class Asked(NamedTuple):
    """The same as arrays."""

    prediction: Prediction
    digest: str
    seconds: float
