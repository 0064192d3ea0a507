"""Which clouds may hold a model that is bound to regions, by the regions that the settings name."""

from collections.abc import Callable, Sequence

from deployer.config import Settings
from deployer.registry.cloud import Cloud
from deployer.registry.residency.rules import problem

__all__ = ["keep_out"]


def keep_out(settings: Settings) -> Callable[[Cloud, Sequence[str]], str]:
    """Return what tells why a cloud must not hold something bound to some regions, or ""."""

    def why(cloud: Cloud, residency: Sequence[str]) -> str:
        configured = settings.clouds.get(cloud.name)
        return problem(residency, configured.region if configured else None, cloud.name)

    return why
