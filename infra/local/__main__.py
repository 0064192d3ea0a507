"""Endpoints and a router on this machine."""

import pulumi

from infra.local.configuration import decode
from infra.local.endpoint import Endpoint
from infra.programs import configuration, export

_endpoint = Endpoint(configuration(), decode(pulumi.Config("deployer").require("local")))
export(_endpoint.outputs)
pulumi.export("endpoints", _endpoint.endpoints)
