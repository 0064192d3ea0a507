"""Our programs as `plan` records them: configured from the settings, each in a process of its own."""

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deployer.config import Settings
from deployer.errors import CloudError, DeployerError, FailedError, TimedOutError, UsageError
from deployer.reviewing.review import Subject
from deployer.stacks.configuration import endpoint_config, model_reference, program_config
from deployer.stacks.workspace import program_folder
from infra.configuration import EndpointConfig
from infra.local.configuration import LocalConfig
from infra.policy.model import Demands
from infra.policy.suppress import Suppression
from infra.resources import Program
from infra.review.errors import ReviewError
from infra.review.record import Job, record

__all__ = [
    "NO_DIGEST",
    "configs_of",
    "demands_of",
    "digest_of",
    "from_review_error",
    "recorded",
    "suppressions_of",
]

_OWN = re.compile(r"(PAR|RES|BUD)\d{3}")
NO_DIGEST = "0" * 64
"""Stands for a version that was not looked up: it is never one's digest."""


def digest_of(settings: Settings, given: str | None, before: Sequence[Program]) -> tuple[str, str]:
    """Return the digest to plan with, and a note if it is not sure; asks no registry.

    Args:
        settings: the user's.
        given: by the user.
        before: plans or states to compare with: what they serve is served on, if nobody says else.

    """
    reference = model_reference(settings)
    found = given or reference.digest
    if found:
        return found, ""
    for program in before:
        served = program.outputs.get("digest")
        if isinstance(served, str) and served and served != NO_DIGEST:
            return served, f"{reference} was not looked up: planned with the digest of before"
    return NO_DIGEST, f"{reference} was not looked up: name its digest with --digest"


def configs_of(settings: Settings, clouds: Sequence[str], digest: str) -> dict[str, EndpointConfig]:
    """Return what each cloud's program is told.

    Raises:
        UsageError: a setting is missing or impossible.

    """
    return {cloud: endpoint_config(settings, cloud, digest=digest) for cloud in clouds}


def demands_of(settings: Settings, config: EndpointConfig | None) -> Demands:
    """Return what the policies demand of a program."""
    own = settings.infra
    residency = own.residency or () if config is None else config.residency
    return Demands(
        residency=tuple(residency),
        tags=tuple(own.demands.tags),
        object_lock=own.demands.object_lock,
        replication=own.demands.replication,
        public=True if config is None else config.public,
    )


class _OfReview(Suppression, frozen=True):
    """A suppression of what is found in all programs together: parity, residency, budget."""

    def __post_init__(self) -> None:
        if not _OWN.fullmatch(self.rule):
            super().__post_init__()


def suppressions_of(settings: Settings) -> list[Suppression]:
    """Return the findings that the settings let pass.

    Raises:
        UsageError: one of them is for no rule.

    """
    try:
        return [
            _OfReview(rule=each.rule, resource=each.resource, reason=each.reason, until=each.until)
            for each in settings.infra.suppress
        ]
    except ValueError as error:
        hint = "write the id of a rule as a review shows it, such as DEP008"
        raise UsageError(str(error), where="[[infra.suppress]]", hint=hint) from error


def recorded(
    settings: Settings,
    configs: Mapping[str, EndpointConfig],
    *,
    local: LocalConfig | None = None,
    timeout: float = 60.0,
) -> list[Subject]:
    """Record the programs of some clouds, side by side.

    Args:
        settings: the user's.
        configs: cloud → what its program is told.
        local: what the program for this machine is told besides.
        timeout: of each program, in seconds.

    Raises:
        DeployerError: a program could not be followed to its end; says which and where.

    """
    jobs = [
        Job(
            program_folder(cloud),
            config=program_config(config, local if cloud == "local" else None),
            cloud=cloud,
            region=config.region,
            timeout=timeout,
        )
        for cloud, config in configs.items()
    ]
    with ThreadPoolExecutor(max(1, len(jobs))) as pool:
        programs = list(pool.map(_one, jobs))
    return [
        Subject(
            program=program,
            folder=_relative(program_folder(cloud)),
            config=config,
            demands=demands_of(settings, config),
        )
        for program, (cloud, config) in zip(programs, configs.items(), strict=True)
    ]


def _one(job: Job) -> Program:
    try:
        return record(**job._asdict())
    except ReviewError as error:
        raise from_review_error(error, job.cloud or str(job.path)) from error


def _relative(folder: Path) -> str:
    """Return a folder as it is read in a report: below the current one, or below the package."""
    here = Path.cwd()
    if folder.is_relative_to(here):
        return folder.relative_to(here).as_posix()
    return f"{folder.parent.name}/{folder.name}"


_HINTS = {
    "program": "the exception is the program's own; mend the line it names",
    "unsupported": "a Python program with a Pulumi.yaml, or a .py file, can be reviewed",
    "network": "programs under review reach no network; give what it asked for as configuration",
    "timeout": "give it longer: --timeout SECONDS",
    "missing": "install what it imports, or write the value into Pulumi.STACK.yaml",
}
_CLASSES: Mapping[str, type[DeployerError]] = {
    "program": FailedError,
    "unsupported": UsageError,
    "network": CloudError,
    "timeout": TimedOutError,
    "missing": UsageError,
}


def from_review_error(error: ReviewError, where: str) -> DeployerError:
    """Return the user's view of a program that could not be followed."""
    place = f"{where}, {error.place}" if error.place else where
    return _CLASSES[error.kind](error.message, where=place, hint=_HINTS[error.kind])
