"""``python -m infra.review.child RESULT TRACE``: standard input has the job, RESULT the outcome.

When told by a signal (SIGUSR1) it writes into TRACE where the program is.
"""

import faulthandler
import gc
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from infra.review.child.configuration import CannotFollowError, project, settings
from infra.review.child.sandbox import hold

__all__ = ["main"]


def main() -> None:
    """Run the job and end the process, whatever threads the program left behind."""
    result, trace = Path(sys.argv[1]), Path(sys.argv[2])
    gc.disable()  # a fifth of the time that the SDKs take to import; the process soon ends
    pid = os.getpid()
    faulthandler.register(signal.SIGUSR1, file=trace.open("w"), all_threads=True)
    job = json.loads(sys.stdin.buffer.read())
    signal.alarm(job["seconds"])
    answer = _answer(job)
    if os.getpid() == pid:  # a process that the program forked comes by here too
        part = result.with_suffix(".part")
        part.write_text(json.dumps(answer), encoding="utf-8")
        part.replace(result)
    os._exit(0)


def _answer(job: dict[str, Any]) -> dict[str, Any]:
    held = hold()
    try:
        made = project(Path(job["path"]))
        secrets = frozenset(job["secrets"])
        configured = settings(made, stack=job["stack"], config=job["config"], secrets=secrets)
        try:
            from infra.review.child.program import run  # noqa: PLC0415 - not for other languages

            return run(
                made,
                configured,
                region=job["region"],
                stacks=job["stack_outputs"],
                hidden=job["hidden"],
                held=held,
            )
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "pulumi":
                raise
            raise CannotFollowError(
                "missing", "Pulumi's SDK is not installed: pip install 'deployer[infra]'"
            ) from error
    except CannotFollowError as error:
        return {"error": {"kind": error.kind, "message": error.message, "place": error.place}}
    except Exception as error:  # noqa: BLE001 - ours, but told all the same
        return {"error": {"kind": "program", "message": f"not followed: {error!r}", "place": None}}


if __name__ == "__main__":
    main()
