"""An endpoint on Google Cloud."""

from infra.gcp.endpoint import Endpoint
from infra.programs import configuration, export

export(Endpoint(configuration()).outputs)
