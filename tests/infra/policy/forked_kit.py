"""Records many programs, each in a process forked from one that has loaded Pulumi and its SDKs.

``python forked_kit.py FOLDER``: a JSON list of jobs on standard input, a program
per job in FOLDER, or the error that it ended with.
Only the start of the interpreter is another one than `infra.review.record` makes.
"""

import gc
import os
import runpy
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from infra.review import record
from infra.review.errors import ReviewError

_AWS = (
    "apigateway apigatewayv2 budgets cloudwatch ec2 ecr ecs iam kms lambda_ lb route53 s3 "
    "secretsmanager sns sqs vpc"
)
_GCP = (
    "artifactregistry billing cloudrunv2 compute kms logging monitoring projects secretmanager "
    "serviceaccount sql storage"
)
_AZURE = (
    "app authorization consumption containerregistry keyvault monitor network "
    "operationalinsights resources storage trafficmanager"
)


class Forked:
    """As much of `subprocess.Popen` as the recorder uses."""

    def __init__(self, args: Sequence[str], *, env: Mapping[str, str], **_: Any) -> None:
        read, self._write = os.pipe()
        self.returncode: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._write)
            os.setsid()
            os.dup2(read, 0)
            silent = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silent, 1)
            os.dup2(silent, 2)
            sys.stdin = os.fdopen(0, encoding="utf-8")
            os.environ.clear()
            os.environ.update(env)
            try:
                sys.argv = ["child", *args[-2:]]
                runpy.run_module("infra.review.child", run_name="__main__")
            finally:
                os._exit(1)
        os.close(read)

    def communicate(self, text: bytes, timeout: float) -> None:
        os.write(self._write, text)
        os.close(self._write)
        self.wait()

    def poll(self) -> int | None:
        return self.returncode

    def wait(self) -> int:
        if self.returncode is None:
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.returncode

    def kill(self) -> None:
        """It has ended by then."""


def main(folder: Path, jobs: list[dict[str, Any]]) -> None:
    import pulumi_aws
    import pulumi_azure_native
    import pulumi_gcp

    # The providers load a module when it is first asked for something; once here, not in each fork.
    for package, modules in (
        (pulumi_aws, _AWS),
        (pulumi_gcp, _GCP),
        (pulumi_azure_native, _AZURE),
    ):
        for name in modules.split():
            getattr(getattr(package, name), "Nothing", None)
    gc.freeze()
    subprocess.Popen = Forked  # type: ignore[assignment,misc] # as much of it as is used
    for index, job in enumerate(jobs):
        try:
            made = record.record(Path(job["path"]), config=job["config"])
        except ReviewError as error:
            (folder / f"{index}.error").write_text(str(error), encoding="utf-8")
        else:
            (folder / f"{index}.json").write_bytes(msgspec.json.encode(made))


if __name__ == "__main__":
    main(Path(sys.argv[1]), msgspec.json.decode(sys.stdin.buffer.read()))
