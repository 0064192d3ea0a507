"""What every document of a model package has in common."""

from typing import Annotated

from msgspec import Meta, Struct

__all__ = ["Count", "Document", "FileName", "Sha256", "Share"]

Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
# One plain name: a package never reaches outside its own directory.
FileName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]
Count = Annotated[int, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]


class Document(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A document cannot change, and an unknown field in one is an error."""
