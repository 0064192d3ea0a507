"""What every part of the program needs to know: the configuration, the project, the parent."""

from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from infra.configuration import EndpointConfig
from infra.gcp import names
from infra.site import BaseSite

__all__ = ["Site"]


@dataclass(frozen=True, kw_only=True)
class Site(BaseSite):
    """Where resources are made.

    Attributes:
        project: id of the project.
        labels: that each of them carries.

    """

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
