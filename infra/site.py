"""What every resource of an endpoint gets, on every cloud: its name, and its place in the program."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from infra.configuration import EndpointConfig

__all__ = ["BaseSite"]


@dataclass(frozen=True, kw_only=True)
class BaseSite:
    """Where resources are made; each cloud's own says what else they need to know.

    Attributes:
        config: what is asked for.
        parent: the component that they belong to.

    """

    config: EndpointConfig
    parent: pulumi.Resource

    def name(self, part: str) -> str:
        """Return what a part of this endpoint is called."""
        return f"{self.config.name}-{part}"

    def opts(
        self,
        *,
        stateful: bool = False,
        after: Sequence[pulumi.Resource] = (),
        ignore: Sequence[str] = (),
    ) -> pulumi.ResourceOptions:
        """Return a child's options.

        Args:
            stateful: whether it holds what cannot be made again, or guards it; the engine refuses to
                delete it.
            after: what must be there first.
            ignore: properties that somebody else sets later.

        """
        return pulumi.ResourceOptions(
            parent=self.parent,
            protect=stateful or None,
            depends_on=list(after),
            ignore_changes=list(ignore) or None,
        )
