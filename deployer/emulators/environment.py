"""The variables that point every SDK, and deployer itself, at the emulators."""

import os
from collections.abc import Iterable

from deployer.emulators.engines import engine_named
from deployer.emulators.model import BUCKET, Cloud
from deployer.emulators.ports import HOST
from deployer.emulators.state import State, load_state
from deployer.emulators.status import status_of
from deployer.errors import CloudError, MissingError

__all__ = ["UNWANTED", "apply_environment", "check_up", "environment"]

START = "run: deployer emulators up"

UNWANTED = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
"""Variables of a real account that would mix with the emulators' dummy credentials."""

_URLS: dict[Cloud, tuple[str, str]] = {
    "aws": ("DEPLOYER_CLOUDS_AWS_URL", f"s3://{BUCKET}"),
    "gcp": ("DEPLOYER_CLOUDS_GCP_URL", f"gs://{BUCKET}"),
    "azure": ("DEPLOYER_CLOUDS_AZURE_URL", f"az://devstoreaccount1/{BUCKET}"),
}
_PROXIES = ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")


def environment(state: State) -> dict[str, str]:
    """Return the variables for the emulators of `state`, whether or not they are well."""
    variables: dict[str, str] = {}
    for record in state.servers:
        variables |= engine_named(record.engine).environment(record.endpoint)
    for record in state.servers:
        name, url = _URLS[record.cloud]
        variables[name] = url
    if variables and any(os.environ.get(name) for name in _PROXIES):
        variables |= _past_the_proxy()
    return variables


def check_up(state: State, clouds: Iterable[Cloud] | None = None) -> None:
    """Raise unless the emulators of `clouds`, by default all that were started, are up and well.

    Raises:
        MissingError: none, or not that of a cloud asked for, was started.
        CloudError: one has died or does not answer.

    """
    if not state.servers:
        raise MissingError("no emulator is up", hint=START)
    asked = set(clouds) if clouds is not None else {record.cloud for record in state.servers}
    for cloud in sorted(asked):
        if state.of(cloud) is None:
            raise MissingError(
                f"the emulator of {cloud} is not up", hint=f"{START} --clouds {cloud}"
            )
    for status in status_of(state):
        if status.cloud in asked and not status.healthy:
            message = f"{status.engine} {status.problem}"
            raise CloudError(message, where=status.cloud, hint=START)


def apply_environment(clouds: Iterable[Cloud] | None = None) -> tuple[Cloud, ...]:
    """Point this process at the emulators. Returns the clouds that are emulated.

    A caller must leave the other clouds alone: they would be the real ones.

    Args:
        clouds: those that have to be up; by default all that were started.

    Raises:
        MissingError: none, or not that of a cloud asked for, was started.
        CloudError: one has died or does not answer.

    """
    state = load_state()
    check_up(state, clouds)
    for name in UNWANTED:
        os.environ.pop(name, None)
    os.environ.update(environment(state))
    return tuple(record.cloud for record in state.servers)


def _past_the_proxy() -> dict[str, str]:
    names = [os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or "", HOST, "localhost"]
    joined = ",".join(dict.fromkeys(part for name in names for part in name.split(",") if part))
    return {"NO_PROXY": joined, "no_proxy": joined}
