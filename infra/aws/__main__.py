"""An endpoint on AWS."""

from infra.aws.endpoint import Endpoint
from infra.programs import configuration, export

export(Endpoint(configuration()).outputs)
