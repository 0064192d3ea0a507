"""How much a deployment is used, as far as a cost depends on it and no program says so."""

from collections.abc import Mapping

import msgspec

from infra.configuration import EndpointConfig

__all__ = ["HOURS", "SECONDS", "Usage", "usage_of"]

HOURS = 730
"""Of an average month, as the clouds' own calculators have it."""
SECONDS = HOURS * 3600


class Usage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Assumptions; every one of them is shown with the estimate.

    Attributes:
        requests: a month, to each endpoint.
        seconds: that a request keeps an instance busy.
        response_kb: of an answer, headers included, in 1,000 bytes.
        model_gb: of one version, in GB.
        versions: that are kept.
        new_versions: a month; every other cloud may fetch them from the home.
        image_gb: of the container images that are kept.
        log_kb: that a request writes, in 1,000 bytes.

    """

    requests: int = 1_000_000
    seconds: float = 0.05
    response_kb: float = 2.0
    model_gb: float = 0.1
    versions: int = 20
    new_versions: int = 4
    image_gb: float = 1.0
    log_kb: float = 0.5

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if not 0 <= getattr(self, name) <= 1e15:  # noqa: PLR2004 - a month has not more
                raise ValueError(f"{name} must be a number from 0")

    @property
    def store_gb(self) -> float:
        """How much the registry holds."""
        return self.versions * self.model_gb

    @property
    def egress_gb(self) -> float:
        """What answers carry to the internet."""
        return self.requests * self.response_kb / 1e6

    @property
    def log_gb(self) -> float:
        """What requests write into logs."""
        return self.requests * self.log_kb / 1e6


def usage_of(config: EndpointConfig | None, assume: Mapping[str, object]) -> Usage:
    """Return what is assumed of an endpoint.

    Args:
        config: says how many requests there are; None for a program that is not ours.
        assume: field of `Usage` → number or text; goes before all else.

    Raises:
        ValueError: `assume` has a field that there is not, or no number.

    """
    known = {} if config is None else {"requests": config.requests}
    return msgspec.convert({**known, **assume}, Usage, strict=False)
