"""Refusals that name a tensor, on one line whatever the client called it."""

from deployer.serving.refusals import RefusedError, Status

__all__ = ["bad_input", "bad_request", "shown", "too_many_rows"]

_LONGEST = 80


def shown(text: str) -> str:
    """Return a client's text in quotes, printable and not too long."""
    return repr(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")


def bad_request(what: str) -> RefusedError:
    """Return the refusal of a whole request, 400."""
    return RefusedError(Status.BAD_REQUEST, what)


def bad_input(name: str, what: str) -> RefusedError:
    """Return the refusal of one input, 400."""
    return RefusedError(Status.BAD_REQUEST, f"input {shown(name)} {what}")


def too_many_rows(rows: int, most: int) -> RefusedError:
    """Return the refusal of too many rows, 413."""
    return RefusedError(
        Status.TOO_LARGE, f"{rows} rows, but at most {most} are answered at once: send fewer"
    )
