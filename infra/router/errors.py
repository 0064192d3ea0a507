"""What may be wrong with a router; both are told to people as they are."""

__all__ = ["NoEndpointError", "RouterError"]


class RouterError(ValueError):
    """A router that must not be rendered; the message says what is wrong with it."""


class NoEndpointError(RouterError):
    """No endpoint is left that may get requests; the message says why each was left out."""
