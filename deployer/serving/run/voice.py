"""What a server tells people of its models: each thing once, however often it is tried."""

from collections.abc import Callable

from deployer.errors import DeployerError
from deployer.serving.run.items import Item
from deployer.serving.run.state import Placed

__all__ = ["Voice"]


class Voice:
    """How a server speaks to people.

    Attributes:
        say: prints what happened.
        warn: prints what is wrong.
        count_failure: counts that a version of this model did not come into service.

    """

    def __init__(
        self,
        say: Callable[[str], None],
        warn: Callable[[str], None],
        count_failure: Callable[[str], None] = lambda _name: None,
    ) -> None:
        self.say = say
        self.warn = warn
        self.count_failure = count_failure

    def moved(self, item: Item, placed: Placed) -> None:
        """Say that another version is in service."""
        self.say(f"{item.source.reference}: now {_named(placed)}")

    def last_good(self, item: Item, placed: Placed) -> None:
        """Say that the version is one that no cloud vouched for this time."""
        self.warn(
            f"{item.source.reference}: serving {_named(placed)}, the last that was good on this "
            f"machine (sha256:{placed.digest[:12]}…)"
        )

    def refused(self, item: Item, error: DeployerError) -> None:
        """Say that a version does not come into service. Workers have counted that."""
        item.refusal = _line(item, error)
        self.warn(item.refusal)

    def absent(self, item: Item, error: DeployerError) -> None:
        """Say that the source cannot be read; again only when it fails in another way."""
        news = type(error) is not item.absence_kind
        item.absence, item.absence_kind = _line(item, error), type(error)
        if news:
            self.warn(item.absence)
            self.count_failure(item.source.name)

    def present(self, item: Item) -> None:
        """Say that the source can be read again."""
        if item.absence:
            item.absence, item.absence_kind = "", None
            self.say(f"{item.source.reference}: followed again")


def _named(placed: Placed) -> str:
    return f"{placed.name}:{placed.version}" if placed.version else placed.name


def _line(item: Item, error: DeployerError) -> str:
    hint = f" — {error.hint}" if error.hint else ""
    return f"{item.source.reference}: {error}{hint}"
