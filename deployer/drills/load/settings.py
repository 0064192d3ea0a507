"""What the load generator's process is told by who starts it."""

import msgspec

__all__ = ["BEGUN", "VARIABLE", "Settings"]

VARIABLE = "DEPLOYER_LOAD"
"""Environment variable of the settings, as JSON: not a file or an argument, which others see."""

BEGUN = "begun"
"""What the process prints when its first request is due."""


class Settings(msgspec.Struct, frozen=True):
    """What is asked and where it is noted.

    Attributes:
        url: see :class:`deployer.drills.load.generator.Target`.
        path: as `url`.
        headers: as `url`; they may hold a key.
        body: file that holds the body of the requests.
        rate: requests a second.
        give_up: seconds from when a request is due until it is given up.
        file: of the requests.

    """

    url: str
    path: str
    headers: dict[str, str]
    body: str
    rate: float
    give_up: float
    file: str
