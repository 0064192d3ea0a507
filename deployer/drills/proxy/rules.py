"""What a fault proxy does to which requests. Data and pure decisions, no sockets."""

from typing import Literal

import msgspec

__all__ = ["Effect", "Match", "Rule"]

Effect = Literal[
    "answer", "latency", "reset", "lose", "half-open", "drip", "truncate", "flip", "hold",
    "divert", "clock", "refuse",
]  # fmt: skip


class Match(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which requests a rule is about; what is empty matches all.

    Attributes:
        methods: of HTTP.
        target: regular expression, searched in path and query: as they travel, and percent-decoded.
        larger: least bytes of the request's body, as its Content-Length says.

    """

    methods: tuple[str, ...] = ()
    target: str = ""
    larger: int = 0


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One fault. The first rule whose turn it is decides about a request; rules are asked in order.

    ========== ====================================================================================
    answer     the client gets `status`, `headers` and `body`; the server gets nothing
    latency    the request is passed on `seconds` later
    reset      the connection is reset (RST) before the server gets the request
    lose       the server gets the request and carries it out; its answer is lost: RST
    half-open  the request is read and never answered; the connection stays open
    drip       the answer, its head too, comes with `rate` bytes a second
    truncate   the answer's head promises all, the connection ends after `bytes` of its body
    flip       one bit of the byte at `bytes` (from the end if negative) of the answer's body
               is flipped
    hold       the request waits until it is let go: before it is passed on, or, if `after`, once the
               server has answered
    divert     the request goes to the server `upstream` instead
    clock      the server's clock is `seconds` ahead of the true one: answers' Date says so, and a
               request that is signed more than 15 minutes away from it is refused as the cloud does
    refuse     connections are refused: nothing listens
    ========== ====================================================================================

    Attributes:
        effect: see above.
        match: which requests.
        skip: so many matching requests pass before it begins.
        times: so many are affected at most; None for all.
        share: of the matching requests, 0 to 1, evenly spread (every nth), not by chance.
        dialect: of the cloud in whose words `clock` and a bare `answer` refuse: s3, gcs, azure.

    """

    effect: Effect
    match: Match = Match()
    skip: int = 0
    times: int | None = None
    share: float = 1.0
    status: int = 503
    headers: dict[str, str] = {}
    body: str = ""
    seconds: float = 0.0
    rate: float = 1.0
    bytes: int = 0
    after: bool = False
    upstream: str = ""
    dialect: Literal["s3", "gcs", "azure", ""] = ""
