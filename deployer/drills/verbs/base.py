"""What all verbs have in common."""

import re
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from deployer.drills.estate.scene import Scene

__all__ = ["Counting", "Looking", "Verb", "must_be_patterns"]


class Verb(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    kw_only=True,
    tag_field="do",
):
    """A step. Its key ``do`` says which verb it is.

    Attributes:
        note: what it is for, to people who read the report.

    """

    note: str = ""

    def act(self, scene: "Scene") -> None:
        """Do it; what must hold is noted as a check, and only what is impossible raises.

        Raises:
            DeployerError: the step cannot be done at all.

        """
        raise NotImplementedError

    @property
    def writes(self) -> bool:
        """Whether it changes what is stored or who runs: never done to staging unless allowed."""
        return True

    @property
    def words(self) -> str:
        """The step in a few words."""
        return self.note or str(self.__struct_config__.tag)


class Looking(Verb, frozen=True, kw_only=True):
    """A step that only looks."""

    @property
    def writes(self) -> bool:
        """Nothing."""
        return False


class Counting(Looking, frozen=True, kw_only=True):
    """A step that wants so many of something.

    Attributes:
        least: so many at least.
        most: so many at most; None for any number.

    """

    least: int = 0
    most: int | None = None

    def judge(self, scene: "Scene", name: str, number: int, *, seen: object) -> None:
        """Note whether there are as many as there must be.

        Args:
            scene: of the drill.
            name: of the check.
            number: how many there are.
            seen: what the check says of them.

        """
        scene.check(
            name,
            number >= self.least and (self.most is None or number <= self.most),
            expected={"least": self.least, "most": self.most},
            seen=seen,
        )


def must_be_patterns(*texts: str) -> None:
    """Refuse what is no regular expression, when a scenario is read.

    Raises:
        ValueError: one is none.

    """
    for text in texts:
        try:
            re.compile(text)
        except re.error as error:
            raise ValueError(f"{text!r} is no regular expression: {error}") from error
