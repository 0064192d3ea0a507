"""Passing the gate by: never without a reason, never by another command."""

from collections.abc import Callable, Iterable
from typing import Any

import click

from deployer.config import Settings
from deployer.errors import PolicyError, UsageError

__all__ = ["force_options", "forced_reason", "refuse_guarded"]

MIN_REASON = 5
MAX_REASON = 500


def force_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--force --reason TEXT``."""
    for option in (
        click.option("--reason", metavar="TEXT", help="Why it is forced; kept with the move."),
        click.option(
            "--force", is_flag=True, help="Move it whatever the gate says; needs --reason."
        ),
    ):
        command = option(command)
    return command


def forced_reason(
    settings: Settings, model: str, alias: str, *, force: bool, reason: str | None
) -> str | None:
    """Return why the gate shall be passed by; None if it shall not.

    Raises:
        UsageError: a reason without force, force without a reason that says something, or an
            alias that no gate guards.

    """
    if not force:
        if reason is not None:
            raise UsageError(
                "--reason says why something is forced, and nothing is",
                hint="use --note for a remark, or add --force",
            )
        return None
    if not settings.gated(model, alias):
        raise UsageError(
            f"nothing guards {model}@{alias}, so there is nothing to force",
            hint="leave --force away, or see [gate]: deployer config show",
        )
    text = (reason or "").strip()
    if not MIN_REASON <= len(text) <= MAX_REASON:
        raise UsageError(
            f"--force needs a reason of {MIN_REASON} to {MAX_REASON} characters",
            hint='say why: --reason "…"; it is kept in the history and in the audit log',
        )
    return text


def refuse_guarded(settings: Settings, model: str, aliases: Iterable[str]) -> None:
    """Refuse to move aliases that only the gate moves.

    Raises:
        PolicyError: one of them is such an alias.

    """
    for alias in aliases:
        if settings.gated(model, alias):
            raise PolicyError(
                f"{model}@{alias} is moved by the gate alone ([gate] require_gate_for)",
                hint=f"leave it away, and then: deployer promote {model} --to {alias}",
            )
