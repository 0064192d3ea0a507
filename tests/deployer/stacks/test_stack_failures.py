"""What the engine says when it fails becomes one line with advice and the right exit code."""

import pytest

from deployer.errors import ExitCode
from deployer.stacks.failures import failure_of

LOCKED = """
 code: 255
 stdout:
 stderr: error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) \
to end or delete the lock file with `pulumi cancel`.
  file:///states/.pulumi/locks/organization/deployer-aws/penguins/1f.json: created by \
ann@laptop (pid 4711) at 2026-11-23T05:32:29Z
"""

PLUGIN = (
    "error: no resource plugin 'pulumi-resource-aws-v7.51.1' found in the workspace or on your $PATH",
    "error: no resource plugin 'pulumi-resource-aws' found in the workspace at version v7.51.1 or on",
    "Could not automatically install resource plugin 'pulumi-resource-aws' at version v7.51.1, …",
)


@pytest.mark.parametrize(
    ("text", "problems", "code", "said", "hint"),
    [
        (LOCKED, [], ExitCode.UNAVAILABLE, "locked by ann@laptop, process 4711", "--cancel"),
        (
            "\n code: 255\n stdout: \n stderr: error: incorrect passphrase",
            [],
            ExitCode.CREDENTIALS,
            "passphrase",
            "PULUMI_CONFIG_PASSPHRASE",
        ),
        (
            "error",
            ["creating S3 Bucket: https response error StatusCode: 400, TooManyBuckets: quota"],
            ExitCode.UNAVAILABLE,
            "TooManyBuckets",
            "again",
        ),
        (
            "error",
            ["googleapi: Error 503: The service is currently unavailable., backendError"],
            ExitCode.UNAVAILABLE,
            "503",
            "again",
        ),
        (
            "error",
            ["api error ExpiredToken: The provided token has expired."],
            ExitCode.CREDENTIALS,
            "ExpiredToken",
            "renew",
        ),
        *(
            (text, [], ExitCode.NOT_FOUND, "plugin for aws", "install resource aws v7.51.1")
            for text in PLUGIN
        ),
        (
            "error",
            [
                'resource "urn:pulumi:s::p::aws:s3/bucket:Bucket::models" cannot be deleted\nbecause it is protected. To unprotect'
            ],
            ExitCode.POLICY,
            "models is protected and would be deleted",
            "deployer down",
        ),
        (
            "error",
            [
                'unable to replace resource "urn:pulumi:s::p::aws:s3/bucket:Bucket::logs"\nas it is currently marked for protection. To'
            ],
            ExitCode.POLICY,
            "logs is protected, and would have to be deleted and made anew",
            "take back what was changed",
        ),
        (
            "\n code: -9\n stdout: Updating (x)\n stderr: ",
            [],
            ExitCode.ERROR,
            "killed by signal 9",
            "refresh --cancel",
        ),
        (
            "error",
            [
                'Program failed:\nTraceback (most recent call last):\n  File "x.py", line 1\nValueError: owner must say who'
            ],
            ExitCode.ERROR,
            "ValueError: owner must say who",
            "run it again",
        ),
    ],
)
def test_failures_are_told_with_advice(
    text: str, problems: list[str], code: ExitCode, said: str, hint: str
) -> None:
    error = failure_of(text, problems, cloud="aws")
    assert error.exit_code == code
    assert said in error.message
    assert hint in error.hint
    assert "\n" not in f"{error} {error.hint}"
