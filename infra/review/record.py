"""Record what any Pulumi Python program asks for: no engine, no account, no network.

Each program runs in a process of its own (`infra.review.child`), which is ended when it takes too
long.
"""

import json
import math
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

import infra
from infra.policy.secrets import looks_secret, redact
from infra.resources import Place, Program, Resource
from infra.review.child.places import Places
from infra.review.errors import ReviewError

__all__ = ["Job", "record", "record_all"]

# Nothing is imported from where the user is: many programs lie in a folder called `infra`.
_ROOT = Path(infra.__file__ or ".").resolve().parent.parent
_START = (
    "import sys; root = sys.argv.pop(1); sys.path.insert(0, root); "
    "from infra.review.child.__main__ import main; sys.path.remove(root); main()"
)
_FRAME = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+)')
_TRACE_SECONDS = 5.0
_AFTER = 3  # seconds after its time that a program ends by itself


class Job(NamedTuple):
    """A program to record.

    Attributes:
        path: folder with a ``Pulumi.yaml``, or a Python file.
        stack: that it is run as; if that has no ``Pulumi.STACK.yaml`` and another has, that one.
        config: key → text (``aws:region``; without a colon, a key of the project's own); None to
            read ``Pulumi.STACK.yaml``.
        secrets: keys of `config` whose values are secrets.
        stack_outputs: name of a stack → its outputs, for stack references; others stay unknown.
        cloud: told in the result; ``aws``, ``gcp``, ``azure``, ``local`` or "".
        region: told in the result; "" for the one that the configuration names.
        timeout: after which the program is ended, in seconds.

    """

    path: Path
    stack: str = "review"
    config: Mapping[str, str] | None = None
    secrets: frozenset[str] = frozenset()
    stack_outputs: Mapping[str, Mapping[str, Any]] | None = None
    cloud: str = ""
    region: str = ""
    timeout: float = 60.0


def record(
    path: Path,
    *,
    stack: str = "review",
    config: Mapping[str, str] | None = None,
    secrets: frozenset[str] = frozenset(),
    stack_outputs: Mapping[str, Mapping[str, Any]] | None = None,
    cloud: str = "",
    region: str = "",
    timeout: float = 60.0,
) -> Program:
    """Return what a program asks for; the arguments are those of `Job`.

    Raises:
        ReviewError: the program could not be followed to its end.

    """
    return _record(
        Job(path, stack, config, secrets, stack_outputs, cloud, region, timeout),
    )


def record_all(jobs: Sequence[Job]) -> list[Program]:
    """Return what some programs ask for, recorded side by side, in the order of `jobs`.

    Raises:
        ReviewError: of the first of them that could not be followed.

    """
    if not jobs:
        return []
    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(_record, jobs))


def _record(job: Job) -> Program:
    with tempfile.TemporaryDirectory(prefix="deployer-review-") as folder:
        result = Path(folder) / "result.json"
        ended = _run(job, result, Path(folder) / "trace")
        if not result.exists():
            raise ReviewError(f"the program ended its process (code {ended})", kind="program")
        answer = json.loads(result.read_bytes())
    problem = answer.get("error")
    if problem:
        place = Place(**problem["place"]) if problem["place"] else None
        raise ReviewError(problem["message"], place=place, kind=problem["kind"])
    resources = msgspec.convert(answer["resources"], list[Resource])
    return Program(
        project=answer["project"],
        stack=answer["stack"],
        cloud=job.cloud,
        region=job.region or answer["region"],
        resources=tuple(msgspec.structs.replace(r, inputs=redact(r.inputs)) for r in resources),
        outputs=redact(answer["outputs"]),
        notes=tuple(answer["notes"]),
    )


def _run(job: Job, result: Path, trace: Path) -> int:
    environment, hidden = _environment(os.environ)
    asked = {
        "path": str(job.path),
        "stack": job.stack,
        "config": None if job.config is None else dict(job.config),
        "secrets": sorted(job.secrets),
        "stack_outputs": {key: dict(each) for key, each in (job.stack_outputs or {}).items()},
        "region": job.region,
        "hidden": hidden,
        # Ours may be killed before it can end the program.
        "seconds": math.ceil(job.timeout) + _AFTER,
    }
    process = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-P", "-c", _START, str(_ROOT), str(result), str(trace)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    )
    try:
        process.communicate(json.dumps(asked).encode(), timeout=job.timeout)
    except subprocess.TimeoutExpired:
        place = _stuck(process, trace, job.path)
        message = f"the program did not end within {job.timeout:g} s"
        raise ReviewError(message, place=place, kind="timeout") from None
    finally:
        _end(process)
    return process.returncode


def _environment(given: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return what of our environment a program gets, and the names whose values it does not."""
    kept, hidden = {}, []
    for name, value in given.items():
        # Without its caches the SDKs take seconds to import.
        if name.startswith("PULUMI_") or name == "PYTHONDONTWRITEBYTECODE":
            continue
        if looks_secret(name, value):
            hidden.append(name)
        else:
            kept[name] = value
    return kept, hidden


def _stuck(process: "subprocess.Popen[bytes]", trace: Path, path: Path) -> Place | None:
    """Return the line of the program that it is at."""
    process.send_signal(signal.SIGUSR1)
    deadline = time.monotonic() + _TRACE_SECONDS
    text = ""
    while "File" not in text and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.01)
        text = trace.read_text(errors="replace") if trace.exists() else ""
    folder = path.resolve() if path.is_dir() else path.resolve().parent
    lines = [(each["file"], int(each["line"])) for each in _FRAME.finditer(text)]
    inside = [each for each in lines if Path(each[0]).is_relative_to(folder)]
    place = Places(folder).first(inside)
    return Place(**place) if place else None


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the program and whatever it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()
    process.wait()
