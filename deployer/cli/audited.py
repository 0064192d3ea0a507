"""How commands write the audit log: every act, whatever becomes of it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from deployer.audit import FILE, Outcome, record
from deployer.cli.output import Output
from deployer.config import state_dir
from deployer.errors import DeployerError, PolicyError, UsageError
from deployer.registry.who import author, now, stamp
from providers.errors import StoreError

__all__ = ["Act", "audited"]


@dataclass
class Act:
    """What is known of an act so far; a command fills it in as it learns more.

    Attributes:
        name: the command, such as ``push``.
        clouds: the names of those that take part.
        model: what it is about.
        version: its number.
        digest: hex SHA-256 of its manifest.
        detail: anything else worth knowing, such as the clouds that are behind.

    """

    name: str
    clouds: Sequence[str] = ()
    model: str | None = None
    version: int | None = None
    digest: str | None = None
    detail: str = ""


@contextmanager
def audited(output: Output, name: str, *, clouds: Sequence[str] = ()) -> Iterator[Act]:
    """Record the act that the body carries out: as done, as refused by a rule, or as failed.

    A log that cannot be written stops nothing, for the act has happened by then: it is a warning.
    """
    act = Act(name, clouds)
    try:
        yield act
    except UsageError:
        raise  # nothing was begun
    except PolicyError as error:
        act.digest = act.digest or error.digest
        _write(output, act, "refused", error.message)
        raise
    except (DeployerError, StoreError, OSError) as error:
        _write(output, act, "failed", str(error))
        raise
    except KeyboardInterrupt:
        _write(output, act, "failed", "interrupted")
        raise
    except SystemExit:
        # Done, but not everywhere: the command has put into `detail` what is missing.
        _write(output, act, "done", act.detail)
        raise
    _write(output, act, "done", act.detail)


def _write(output: Output, act: Act, outcome: Outcome, detail: str) -> None:
    path = state_dir() / FILE
    try:
        record(
            path,
            act.name,
            by=author(),
            at=stamp(now()),
            outcome=outcome,
            model=act.model,
            version=act.version,
            digest=act.digest,
            clouds=act.clouds,
            detail=detail,
        )
    except OSError as error:
        reason = error.strerror or str(error)
        output.warn(f"{act.name} ({outcome}) is missing in the audit log {path}: {reason}")
