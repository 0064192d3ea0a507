"""The three clouds on this machine, without Docker.

:func:`start` and :func:`running` run one emulator for a test or a drill; :func:`up`, :func:`down`
and :func:`apply_environment` are about those of ``deployer emulators``.
"""

from deployer.emulators.environment import apply_environment, environment
from deployer.emulators.lifecycle import CLOUDS, down, up
from deployer.emulators.model import BUCKET, Cloud, EngineName, Record
from deployer.emulators.server import Server, running, start
from deployer.emulators.state import State, load_state
from deployer.emulators.status import Status, status_of

__all__ = [
    "BUCKET",
    "CLOUDS",
    "Cloud",
    "EngineName",
    "Record",
    "Server",
    "State",
    "Status",
    "apply_environment",
    "down",
    "environment",
    "load_state",
    "running",
    "start",
    "status_of",
    "up",
]
