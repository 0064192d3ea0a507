"""What may be wrong with a program under review, in one line."""

from typing import Literal

from infra.resources import Place

__all__ = ["Kind", "ReviewError"]

Kind = Literal["program", "unsupported", "network", "timeout", "missing"]


class ReviewError(ValueError):
    """A program that could not be followed to its end.

    Attributes:
        message: what is wrong, in one line; never with a secret in it.
        place: line of the program at which it went wrong; None if that cannot be told.
        kind: ``program``: its own exception; ``unsupported``: a kind of program that cannot be
            followed; ``network``: it wanted the network; ``timeout``: it did not end;
            ``missing``: a package or a configuration value is not there.

    """

    def __init__(self, message: str, *, place: Place | None = None, kind: Kind) -> None:
        self.message = " ".join(message.split())
        self.place = place
        self.kind = kind
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message
