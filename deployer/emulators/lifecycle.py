"""Up and down: the emulators of this user, one per cloud, remembered in the state file."""

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deployer.emulators.engines import engine_named
from deployer.emulators.install import locked
from deployer.emulators.model import BUCKET, Cloud, EngineName, Progress, Record
from deployer.emulators.paths import state_folder
from deployer.emulators.ports import is_free
from deployer.emulators.server import Launching, Server, discard, stop_deadline
from deployer.emulators.state import State, load_state, save_state, state_file
from deployer.emulators.status import is_healthy
from deployer.errors import DeployerError, MissingError, UsageError

__all__ = ["CLOUDS", "UpResult", "down", "up"]

CLOUDS: tuple[Cloud, ...] = ("aws", "gcp", "azure")
_DEFAULT_ENGINE: Mapping[Cloud, EngineName] = {"aws": "moto", "gcp": "fake-gcs", "azure": "azurite"}


@dataclass(frozen=True)
class UpResult:
    """What :func:`up` found and did."""

    state: State
    started: tuple[Cloud, ...]
    missing: Mapping[Cloud, DeployerError]
    """Why a cloud is not up: a tool that only the user can install."""


@dataclass(frozen=True)
class _Wanted:
    engine: EngineName
    data: Path | None
    port: int | None
    """The port of the emulator that it replaces, so that exported variables stay true."""


def up(
    clouds: Iterable[Cloud],
    *,
    s3: EngineName | None = None,
    keep: bool | None = None,
    data_dir: Path | None = None,
    progress: Progress,
) -> UpResult:
    """Bring up the emulators of `clouds`; what is up and healthy stays as it is.

    All or nothing, except that a missing tool keeps only its own cloud down.

    Args:
        clouds: which ones.
        s3: the S3 engine; None for the one that ran last, or moto.
        keep: whether data outlives :func:`down`; None for what was asked last, or not.
        data_dir: where kept data is; by default in the state folder.
        progress: told what takes long.

    Raises:
        UsageError: an emulator is up that is not the one asked for.
        FailedError: one does not start; those that this call started are stopped.
        TimedOutError: one does not answer in time; likewise.

    """
    keep = True if data_dir else keep
    with locked(state_folder() / "lock"):
        state = load_state()
        missing: dict[Cloud, DeployerError] = {}
        wanted: list[_Wanted] = []
        for cloud in clouds:
            known = state.of(cloud)
            asked = _wanted(cloud, known, s3=s3, keep=keep, data_dir=data_dir)
            if known and is_healthy(known):
                _check_same(known, asked, s3=s3, keep=keep)
                continue
            try:
                engine_named(asked.engine).prepare(progress)
            except MissingError as error:
                error.where = error.where or cloud
                missing[cloud] = error
                continue
            if known:
                known.process.stop(stop_deadline(known))
            wanted.append(asked)
        servers = _start_all(wanted)
        for server in servers:
            state = state.having(server.record)
        if servers:
            # First remembered, then released: whenever this process dies, no emulator is
            # running that nobody knows of.
            save_state(state)
            for server in servers:
                server.release()
    return UpResult(state, tuple(server.record.cloud for server in servers), missing)


def down(*, purge: bool) -> list[Record]:
    """Stop the emulators and throw away the data that is not kept. Returns those that ran.

    Args:
        purge: throw away kept data and the logs as well.

    """
    folder = state_folder()
    if not folder.exists():
        return []
    with locked(folder / "lock"):
        state = load_state()
        stopped = []
        for record in state.servers:
            if record.process.stop(stop_deadline(record)):
                stopped.append(record)
            discard(record)
            if purge and record.keep:
                shutil.rmtree(record.data, ignore_errors=True)
        state_file().unlink(missing_ok=True)
        if purge:
            for part in ("data", "run"):
                shutil.rmtree(folder / part, ignore_errors=True)
    return stopped


def _wanted(
    cloud: Cloud,
    known: Record | None,
    *,
    s3: EngineName | None,
    keep: bool | None,
    data_dir: Path | None,
) -> _Wanted:
    chosen = s3 if cloud == "aws" and s3 else None
    engine = chosen or (known.engine if known else _DEFAULT_ENGINE[cloud])
    former = known if known and known.engine == engine else None
    if keep is None:
        keep = bool(former and former.keep)
    data = None
    if keep and engine_named(engine).keeps_data:
        kept_before = Path(former.data) if former and former.keep else None
        default = kept_before or state_folder() / "data" / engine
        data = data_dir.absolute() / engine if data_dir else default
    port = former.port if former and is_free(former.port) else None
    return _Wanted(engine, data, port)


def _check_same(known: Record, asked: _Wanted, *, s3: EngineName | None, keep: bool | None) -> None:
    mend = "run `deployer emulators down` first"
    if s3 and known.engine != asked.engine:
        raise UsageError(f"{known.engine} is up, not {asked.engine}", where=known.cloud, hint=mend)
    if keep is not None and known.keep != (asked.data is not None):
        has = "keeps" if known.keep else "does not keep"
        raise UsageError(f"{known.engine} is up and {has} data", where=known.cloud, hint=mend)
    if asked.data and known.keep and Path(known.data) != asked.data:
        message = f"{known.engine} is up with its data in {known.data}"
        raise UsageError(message, where=known.cloud, hint=mend)


def _start_all(wanted: Iterable[_Wanted]) -> list[Server]:
    """Start all at the same time; if one fails, stop them all."""
    folder = state_folder() / "run"
    folder.mkdir(parents=True, exist_ok=True)
    begun: list[Launching] = []
    try:
        for one in wanted:
            engine = engine_named(one.engine)
            begun.append(Launching(engine, one.data, port=one.port, folder=folder))
        servers = [launching.finish() for launching in begun]
        for server in servers:
            server.create_bucket(BUCKET)
    except BaseException:
        for launching in begun:
            launching.server.stop()
        raise
    return servers
