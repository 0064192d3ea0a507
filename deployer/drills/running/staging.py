"""A drill against endpoints that somebody else runs: the user's own staging.

The router and the fault proxy are ours, on this machine; faults happen on the way to the endpoints,
and the servers know nothing of them. Stores are read, never disturbed: a signature covers their
name, so nothing can stand before them.
"""

import os
import ssl
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from deployer.config import CloudSettings, Settings
from deployer.drills.estate.audit_served import audit_served
from deployer.drills.estate.clouds import DrillClouds
from deployer.drills.estate.commands import Commands
from deployer.drills.estate.scene import MODEL, Scene
from deployer.drills.evidence.recorder import Recorder
from deployer.drills.evidence.records import TRAFFIC
from deployer.drills.proxy.client import FaultProxy
from deployer.drills.running.front import put_in_front
from deployer.drills.running.hindrance import hindrance
from deployer.drills.scenario.model import Scenario
from deployer.errors import CloudError, FailedError, UsageError
from deployer.registry.residency.rules import allowed
from deployer.settings import RouterEndpoint
from infra.contract import DIGEST_HEADER, model_ready_path

__all__ = ["Staging", "staging"]

TIMEOUT = 10.0


@dataclass(frozen=True)
class Staging:
    """What a drill may use.

    Attributes:
        settings: the user's: clouds, and the endpoints in ``[router]``.
        folder: where the user's commands run.
        key: of the API; "" if none is asked for.
        writes: whether commands of a scenario may change something.

    """

    settings: Settings
    folder: Path
    key: str
    writes: bool = False


@contextmanager
def staging(
    scenario: Scenario, *, folder: Path, work: Path, recorder: Recorder, user: Staging
) -> Iterator[Scene]:
    """Put a router and the fault proxy before the user's endpoints and yield the scene.

    Args:
        scenario: that will be played.
        folder: of the evidence.
        work: an empty folder.
        recorder: the diary.
        user: what is theirs.

    Raises:
        UsageError: the scenario is not possible there, or there are too few endpoints.
        DeployerError: an endpoint does not answer, or they do not serve the same version.

    """
    why = hindrance(scenario, writes=user.writes)
    if why:
        raise UsageError(
            f"cannot be played on staging: {why}",
            where=scenario.name,
            hint="see which can: deployer drill list",
        )
    names = [each.name for each in scenario.estate.endpoints if each.routed]
    model = user.settings.router.model
    theirs = _usable(user.settings)
    if len(theirs) < len(names) or not model:
        raise UsageError(
            f"{len(names)} endpoints are needed where the model may be, [router] has {len(theirs)}",
            where=scenario.name,
            hint="write [router] model and [router.endpoints.NAME] in deployer.toml",
        )
    (folder / "logs").mkdir()
    (folder / "commands").mkdir()
    digest = _digest({name: each.url for name, each in theirs}, model, user.key)
    as_user = Commands(recorder, folder / "commands", user.folder, dict(os.environ))
    ours = Commands(recorder, folder / "commands", work, _environment(work, user.key))
    with ExitStack() as stack:
        proxy = stack.enter_context(FaultProxy(folder / "logs", traffic=folder / TRAFFIC))
        scene = Scene(
            scenario, folder, work, recorder, as_user, proxy, DrillClouds([]),
            model=model, key=user.key,
        )  # fmt: skip
        stack.callback(as_user.stop)
        _fetch(scene, digest, list(user.settings.clouds))
        lines = [(f"[router]\nmodel = {_quoted(model)}\nadmin_port = 0\n"
                 f"per_try = {user.settings.router.per_try}\n")]  # fmt: skip
        for number, (name, each) in enumerate(theirs):
            # The scenario's names, in the order of priority; further ones keep their own.
            own = names[number] if number < len(names) else name
            scene.proxied[own] = proxy.listen(f"endpoint:{own}", each.url)
            scene.urls[f"endpoint:{own}"] = f"http://127.0.0.1:{scene.proxied[own]}"
            lines.append(
                f"[router.endpoints.{own}]\nurl = {_quoted(scene.urls[f'endpoint:{own}'])}\n"
                f"priority = {number}\n"
            )
        lines += [_cloud(name, each) for name, each in user.settings.clouds.items()]
        (work / "deployer.toml").write_text("".join(lines), "utf-8")
        put_in_front(scene, stack, ours)
        scene.audit = lambda: audit_served(
            user.settings.clouds, model, scene.notes["version"], digest
        )
        yield scene


def _usable(settings: Settings) -> list[tuple[str, RouterEndpoint]]:
    """Return the endpoints that may get rows of the model, the first used first."""
    bound = settings.models.get(settings.router.model)
    binding = bound.residency if bound else []
    inside = [
        (name, each)
        for name, each in settings.router.endpoints.items()
        if allowed(binding, each.region)
    ]
    return sorted(inside, key=lambda each: each[1].priority)


def _environment(work: Path, key: str) -> dict[str, str]:
    """Return the user's own environment, which knows the clouds, without settings for deployer."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("DEPLOYER_")},
        "XDG_STATE_HOME": str(work / "state"),
        "XDG_CONFIG_HOME": str(work / "config"),
        **({"DEPLOYER_API_KEY": key} if key else {}),
    }


def _cloud(name: str, cloud: CloudSettings) -> str:
    known = {"url": cloud.url, "endpoint": cloud.endpoint, "region": cloud.region}
    lines = [f"{key} = {_quoted(value)}\n" for key, value in known.items() if value]
    return f"[clouds.{name}]\n{''.join(lines)}"


def _digest(urls: dict[str, str], model: str, key: str) -> str:
    """Return the digest that all endpoints report.

    Raises:
        CloudError: one is not ready.
        FailedError: they serve different versions.

    """
    found = {}
    for name, url in urls.items():
        request = urllib.request.Request(  # noqa: S310 - the user's own http(s) addresses
            f"{url}{model_ready_path(model)}", headers={"x-api-key": key} if key else {}
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310 - as above
                found[name] = (answer.headers.get(DIGEST_HEADER) or "").removeprefix("sha256:")
        except OSError as error:  # an URLError, too
            raise _unready(f"endpoint {name} ({url})", error) from error
    if len(set(found.values())) != 1 or not all(found.values()):
        raise FailedError(
            f"the endpoints serve different versions: {found}",
            hint="a drill needs a steady state; see: deployer router check",
        )
    return next(iter(found.values()))


def _unready(where: str, error: OSError) -> CloudError:
    reason = getattr(error, "reason", error)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return CloudError(
            f"its certificate is not accepted: {reason.verify_message}",
            where=where,
            hint="use the name that is in it; if an authority of yours has signed it, let "
            "SSL_CERT_FILE name a file with that authority's certificate",
        )
    return CloudError(f"is not ready: {error}", where=where, hint="see: deployer router check")


def _fetch(scene: Scene, digest: str, clouds: list[str]) -> None:
    """Pull the version that is served, to know its golden rows and what a request looks like."""
    package = scene.work / "package"
    reference = f"{scene.model}@sha256:{digest}"
    done = scene.commands.run(("pull", reference, str(package), "--no-cache", "-o", "json"))
    if done.code:
        raise FailedError(
            f"cannot be pulled: {done.last}", where=reference, hint="see deployer doctor"
        )
    scene.packages.append(package)
    scene.digests[f"{MODEL}:1"] = digest
    version = (done.document or {}).get("version") or 1
    scene.notes["version"] = version
    scene.recorder.note(
        "published", f"{scene.model}:{version}", model=scene.model, version=version,
        digest=digest, clouds=clouds,
    )  # fmt: skip


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()
