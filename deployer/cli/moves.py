"""What the commands that move an alias share: whom they ask, and how they report."""

import sys
from collections.abc import Sequence
from typing import Any

from deployer.cli.audited import Act
from deployer.cli.output import Output
from deployer.cli.signatures import signer_for
from deployer.cli.trust import signatures_only
from deployer.config import Settings, state_dir
from deployer.errors import ExitCode
from deployer.registry.aliasing.pointing import Moved, Order
from deployer.registry.cloud import Cloud

__all__ = ["note_down", "order_of", "report"]


def order_of(clouds: Sequence[Cloud], settings: Settings, note: str | None) -> Order:
    """Return who moves an alias, and where, by the user's settings."""
    signer = signer_for(settings)
    return Order(
        clouds=clouds,
        home=settings.push.home,
        state=state_dir(),
        note=note,
        sign=signer.sign_record if signer else None,
        trust=signatures_only(settings),
        guarded=settings.gated,
    )


def note_down(act: Act, moved: Moved, *, forced: str | None = None) -> None:
    """Tell the audit log what came of a move, and why it was forced if it was."""
    record = moved.record
    act.model, act.version, act.digest = record.model, record.version, record.manifest
    act.detail = f"{record.alias}, move {record.seq}"
    if forced:
        act.detail += f"; forced past the gate: {forced}"
    if moved.behind:
        act.detail += f"; behind: {', '.join(moved.behind)}"


def report(moved: Moved, message: str, output: Output, **more: Any) -> None:
    """Print what came of a move; exit with 10 if a cloud is behind."""
    record = moved.record
    if output.json:
        output.emit(
            {
                "model": record.model,
                "alias": record.alias,
                "version": record.version,
                "manifest": f"sha256:{record.manifest}",
                "before": moved.before,
                "seq": record.seq,
                "moved": moved.moved,
                "home": moved.home,
                **more,
                "behind": {cloud: str(error) for cloud, error in moved.behind.items()},
            }
        )
    else:
        output.done(message)
    if moved.behind:
        for cloud, error in moved.behind.items():
            hint = f" — {error.hint}" if error.hint else ""
            output.warn(f"{cloud} is behind: {error}{hint}")
        clouds = ",".join(dict.fromkeys((moved.home, *moved.behind)))
        output.warn(f"once it is back, run: deployer repair --clouds {clouds}")
        sys.exit(ExitCode.PARTIAL)
