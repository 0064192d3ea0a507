"""An endpoint on Azure."""

from infra.azure.endpoint import Endpoint
from infra.programs import configuration, export

export(Endpoint(configuration()).outputs)
