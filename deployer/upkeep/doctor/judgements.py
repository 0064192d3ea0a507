"""What to think of what was measured. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from deployer.errors import ExitCode
from deployer.registry.residency.rules import normal
from deployer.registry.who import stamp
from deployer.upkeep.doctor.findings import Finding, Grade
from providers.diagnosis import Bucket, Credentials

__all__ = ["on_clock", "on_credentials", "on_region", "on_undo"]

REFUSED_SKEW = 15 * 60  # seconds: S3 and Azure refuse signatures that are older or younger
NOTED_SKEW = 5  # seconds
SOON = timedelta(days=1)


def on_credentials(found: Credentials, at: datetime) -> Finding:
    """Judge whose credentials these are, and how long they last from `at`."""
    facts = {
        "source": found.source,
        "identity": found.identity,
        "expires": stamp(found.expires) if found.expires else None,
        "renews": found.renews,
    }
    said = f"{found.source}: {found.identity}" if found.identity else found.source
    if found.expires is None:
        return Finding("credentials", Grade.GOOD, said, facts=facts)
    if found.renews:
        said = f"{said}, renewed by themselves"
        return Finding("credentials", Grade.GOOD, said, facts=facts)
    until = stamp(found.expires)
    renew = "renew them; a push that they do not outlast fails half-way and must be run again"
    if found.expires <= at:
        said, code = f"{said}, expired at {until}", ExitCode.CREDENTIALS
        return Finding("credentials", Grade.BAD, said, "renew them", code, facts)
    if found.expires <= at + SOON:
        return Finding("credentials", Grade.NOTE, f"{said}, until {until}", renew, facts=facts)
    return Finding("credentials", Grade.GOOD, f"{said}, until {until}", facts=facts)


def on_clock(ahead: float, margin: float) -> Finding:
    """Judge how far the server's clock is ahead of ours, known to within `margin` seconds."""
    facts = {"server_ahead_seconds": round(ahead, 1), "margin_seconds": round(margin, 1)}
    certain = abs(ahead) - margin
    if certain <= 0:
        return Finding("clock", Grade.GOOD, f"agrees within {margin:.1f} s", facts=facts)
    which = "slow" if ahead > 0 else "fast"
    said = f"this machine's clock is {abs(ahead):.1f} s {which} (± {margin:.1f} s)"
    hint = "set the clock by NTP, such as: timedatectl set-ntp true"
    if certain >= REFUSED_SKEW:
        return Finding("clock", Grade.BAD, said, hint, ExitCode.USAGE, facts)
    if certain >= NOTED_SKEW:
        return Finding("clock", Grade.NOTE, said, hint, facts=facts)
    return Finding("clock", Grade.GOOD, said, facts=facts)


def on_region(told: str | None, configured: str | None, cloud: str) -> Iterator[Finding]:
    """Judge whether the bucket is where it should be; say nothing if nothing is known."""
    facts = {"region": told, "configured": configured}
    if told is None:
        if configured is not None:
            said = f"{configured} by your word: the cloud does not tell"
            yield Finding("region", Grade.GOOD, said, facts=facts)
    elif configured is None:
        yield Finding("region", Grade.GOOD, f"{told}, not configured", facts=facts)
    elif normal(told) == normal(configured):
        yield Finding("region", Grade.GOOD, told, facts=facts)
    else:
        yield Finding(
            "region",
            Grade.BAD,
            f"{told}, but {configured} is configured",
            f'write region = "{told.lower()}" below [clouds.{cloud}], or use another bucket',
            ExitCode.USAGE,
            facts,
        )


def on_undo(bucket: Bucket) -> Iterator[Finding]:
    """Say whether a deletion by mistake could be undone."""
    facts = {"versioning": bucket.versioning, "retained_days": bucket.retained}
    if bucket.versioning:
        yield Finding("undo", Grade.GOOD, "old versions are kept", facts=facts)
    elif bucket.retained:
        said = f"deleted objects can be restored for {bucket.retained} days"
        yield Finding("undo", Grade.GOOD, said, facts=facts)
    elif bucket.versioning is False or bucket.retained == 0:
        said = "what is deleted is gone"
        hint = "turn on versioning or soft delete, with a rule that ends what is older"
        yield Finding("undo", Grade.NOTE, said, hint, facts=facts)
