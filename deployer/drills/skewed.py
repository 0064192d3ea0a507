"""Run a command of deployer on a machine whose clock is wrong: ``python -m deployer.drills.skewed S …``.

The clock of this one process alone is moved, by `time-machine`, which replaces what Python's own
``time`` and ``datetime`` read; the monotonic clock stays as it is, as it does on a real machine.
"""

import sys
import time
from datetime import timedelta

__all__ = ["main"]


def main() -> None:
    """Move the clock by the first argument's seconds and run the rest."""
    import time_machine  # noqa: PLC0415 - few need it

    from deployer.cli import main as deployer  # noqa: PLC0415 - as above

    seconds = float(sys.argv[1])
    sys.argv[1:] = sys.argv[2:]
    with time_machine.travel(time.time() + timedelta(seconds=seconds).total_seconds(), tick=True):
        deployer(prog_name="deployer")


if __name__ == "__main__":
    main()
