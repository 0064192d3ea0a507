"""What a doctor says: one finding for each thing that was looked at."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from deployer.errors import DeployerError, ExitCode, from_store_error
from providers.errors import ErrorKind, StoreError

__all__ = ["Finding", "Grade", "Report", "failed", "worst"]


class Grade(StrEnum):
    """How a thing is; only `BAD` is a failure."""

    GOOD = "good"
    NOTE = "note"
    BAD = "bad"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        check: which, such as ``clock``.
        grade: how it is.
        said: in words.
        hint: what to do about it; empty if nothing.
        code: what the process shall return because of it.
        facts: for programs: name → number, text or None.

    """

    check: str
    grade: Grade
    said: str
    hint: str = ""
    code: ExitCode = ExitCode.OK
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """All that was found on one cloud."""

    cloud: str
    url: str
    findings: tuple[Finding, ...]


# What needs a person stands before what may pass by itself.
_SEVERITY = (
    ExitCode.INTEGRITY,
    ExitCode.CREDENTIALS,
    ExitCode.USAGE,
    ExitCode.NOT_FOUND,
    ExitCode.ERROR,
    ExitCode.UNAVAILABLE,
)

_SIGN_IN = {
    "s3": "run `aws sso login` or `aws configure`, or set AWS_PROFILE or AWS_ACCESS_KEY_ID",
    "gs": "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS",
    "az": "run `az login`, or set AZURE_STORAGE_CONNECTION_STRING",
}
_GRANT = {
    "s3": "allow this identity s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket",
    "gs": "grant this identity roles/storage.objectUser on the bucket",
    "az": "grant this identity the role Storage Blob Data Contributor",
}


def failed(check: str, error: StoreError | DeployerError, url: str) -> Finding:
    """Return the finding that an error is, with the advice that fits the cloud at `url`."""
    seen = from_store_error(error) if isinstance(error, StoreError) else error
    scheme = url.partition("://")[0]
    hint = seen.hint
    if isinstance(error, StoreError):
        advice = {ErrorKind.UNAUTHENTICATED: _SIGN_IN, ErrorKind.PERMISSION_DENIED: _GRANT}
        hint = advice.get(error.kind, {}).get(scheme, hint)
    return Finding(check, Grade.BAD, seen.message, hint, seen.exit_code)


def worst(reports: Iterable[Report]) -> ExitCode:
    """Return the exit code of the worst that was found."""
    codes = {finding.code for report in reports for finding in report.findings} - {ExitCode.OK}
    return next((code for code in _SEVERITY if code in codes), max(codes, default=ExitCode.OK))
