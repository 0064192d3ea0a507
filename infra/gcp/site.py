"""What every part of the program needs to know: the configuration, the project, the parent."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from infra.configuration import EndpointConfig
from infra.gcp import names

__all__ = ["Site"]


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where resources are made.

    Attributes:
        config: what is asked for.
        parent: the component that they belong to.
        project: id of the project.
        labels: that each of them carries.

    """

    config: EndpointConfig
    parent: pulumi.Resource
    project: pulumi.Output[str]
    labels: dict[str, str]

    @classmethod
    def of(cls, config: EndpointConfig, parent: pulumi.Resource) -> "Site":
        """Return the site of this component; asks Google which project it is if none is named."""
        if config.project:
            project = pulumi.Output.from_input(config.project)
        else:
            found = gcp.organizations.get_project_output(
                opts=pulumi.InvokeOutputOptions(parent=parent)
            )
            project = found.project_id
        return cls(config=config, parent=parent, project=project, labels=names.labels(config))

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
            stateful: whether it holds what cannot be made again; the engine refuses to delete it.
            after: what must be there first.
            ignore: properties that somebody else sets later.

        """
        return pulumi.ResourceOptions(
            parent=self.parent,
            protect=stateful or None,
            depends_on=list(after),
            ignore_changes=list(ignore) or None,
        )
