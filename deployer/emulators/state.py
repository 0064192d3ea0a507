"""The state file: which emulators ``deployer emulators up`` has started."""

import contextlib
import os
import tempfile
from pathlib import Path

import msgspec

from deployer import typed
from deployer.emulators.model import Record
from deployer.emulators.paths import state_folder
from deployer.errors import FailedError

__all__ = ["State", "load_state", "save_state", "state_file"]

_FORMAT = 1


class State(msgspec.Struct, frozen=True):
    """The emulators that are up, or were when last seen, one per cloud."""

    servers: tuple[Record, ...] = ()
    format: int = _FORMAT

    def of(self, cloud: str) -> Record | None:
        """Return the record of `cloud`'s emulator, if there is one."""
        return next((record for record in self.servers if record.cloud == cloud), None)

    def having(self, record: Record) -> "State":
        """Return the state with `record` in place of its cloud's former one."""
        others = [known for known in self.servers if known.cloud != record.cloud]
        order = {"aws": 0, "gcp": 1, "azure": 2}
        return State(tuple(sorted([*others, record], key=lambda known: order[known.cloud])))


def state_file() -> Path:
    """Return where the state is kept."""
    return state_folder() / "state.json"


def load_state() -> State:
    """Return the state; an empty one when there is no file.

    Raises:
        FailedError: the file cannot be read, or is not ours.

    """
    path = state_file()
    try:
        state = typed.decode(path.read_bytes(), State)
    except FileNotFoundError:
        return State()
    except (OSError, msgspec.DecodeError) as error:
        raise FailedError(
            f"the emulators' state cannot be read: {error}",
            where=str(path),
            hint="stop what still runs by hand, then delete the file",
        ) from error
    if state.format != _FORMAT:
        raise FailedError(
            f"the emulators' state has format {state.format}, not {_FORMAT}",
            where=str(path),
            hint="run `deployer emulators down` of the version that wrote it",
        )
    return state


def save_state(state: State) -> None:
    """Write the state so that a reader sees the old one or the new one, never a part."""
    path = state_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    document = msgspec.json.format(msgspec.json.encode(state), indent=2)
    handle, name = tempfile.mkstemp(prefix=".state.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(document)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
