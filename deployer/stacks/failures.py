"""What the engine says when it fails, as errors with a place and advice."""

import re
from collections.abc import Mapping, Sequence

from deployer.errors import (
    CloudError,
    CredentialsError,
    DeployerError,
    FailedError,
    MissingError,
    PolicyError,
)
from deployer.stacks.causes import Cause, cause_of

__all__ = ["failure_of"]

_LOCK = re.compile(r"created by (?P<who>\S+) \(pid (?P<pid>\d+)\) at (?P<at>\S+)")
# pkg/workspace/plugins.go and pkg/resource/plugin of the engine, versions 3.2xx.
_PLUGIN = re.compile(
    r"(?:no|install) resource plugin '(?:pulumi-resource-)?(?P<name>[a-z0-9-]+?)'?"
    r"(?:-v(?P<in_name>\d[\w.-]*?)')?(?: found in the workspace)?"
    r"(?: at version v(?P<version>\d[\w.-]*))?(?= |,|$)"
)
# pkg/resource/deploy/step_generator.go of the engine.
_PROTECTED = re.compile(
    r'(?P<replaced>unable to replace )?resource "(?P<urn>urn:[^"]+)"\s+'
    r"(?:cannot be deleted\s+because it is protected|as it is currently marked for protection)"
)
_ANSI = re.compile(r"\x1b\[[0-9;]*m|<\{%[^%]*%\}>")

# The SDK's own form: "code: 255", "stdout: …", "stderr: …".
_CODE = re.compile(r"(?m)^ code: (-?\d+)$")
_LABELS = re.compile(r"(?m)^ (?:code: -?\d+$|stdout: ?|stderr: ?)")

_QUOTAS = {
    "aws": "https://console.aws.amazon.com/servicequotas",
    "gcp": "https://console.cloud.google.com/iam-admin/quotas",
    "azure": "https://portal.azure.com, Quotas",
}
_KEPT = "what was made is kept"
_FULL = (
    "a bucket: deployer down --delete-models empties it, old versions too; else take out what is in"
    " it with the cloud's own command; then deployer down again"
)
_ADVICE: Mapping[Cause, tuple[type[DeployerError], str]] = {
    "capacity": (
        CloudError,
        "{kept}; choose another region or size in [infra], or try later: run the same command again",
    ),
    "quota": (
        CloudError,
        "{kept}; ask for more ({place}), then run the same command again",
    ),
    "credentials": (
        CredentialsError,
        "renew the credentials, then again; see: deployer doctor {on}",
    ),
    "unavailable": (
        CloudError,
        "{kept}; run the same command again when it is back, or in some minutes",
    ),
    "full": (FailedError, _FULL),
    "": (FailedError, "{kept}; mend it, then run it again"),
}
_LONGEST = 400


def failure_of(text: str, problems: Sequence[str], *, cloud: str) -> DeployerError:
    """Return the error for an engine that has failed.

    Args:
        text: what it printed on both streams.
        problems: messages of its errors, the first in front; none if it did not come so far.
        cloud: whose stack.

    """
    text = _ANSI.sub("", text)
    code = _CODE.search(text)
    text = _LABELS.sub("", text)
    told = [_line(_ANSI.sub("", each)) for each in problems]
    whole = "\n".join([*told, *problems, text])
    return (
        _locked(text, cloud)
        or _lacking(whole, cloud)
        or _state(text, cloud)
        or _protected(whole, cloud)
        or _killed(int(code[1]) if code else 0, cloud)
        or _by_cloud(told, text, cloud)
    )


def _locked(text: str, cloud: str) -> DeployerError | None:
    if "currently locked" not in text:
        return None
    found = _LOCK.search(text)
    holder = (
        f" by {found['who']}, process {found['pid']}, since {found['at'].rstrip(')')}"
        if found
        else ""
    )
    return CloudError(
        f"the stack is locked{holder}",
        where=cloud,
        hint="wait until that act has ended; if its process is gone: deployer refresh --cancel",
    )


def _lacking(text: str, cloud: str) -> DeployerError | None:
    found = _PLUGIN.search(text)
    if found is None:
        return None
    name, version = found["name"], found["version"] or found["in_name"]
    wanted = f"{name} v{version}" if version else name
    return MissingError(
        f"the engine's plugin for {name} is not installed",
        where=cloud,
        hint=f"where get.pulumi.com can be reached: pulumi plugin install resource {wanted}",
    )


def _state(text: str, cloud: str) -> DeployerError | None:
    if "incorrect passphrase" in text or "PULUMI_CONFIG_PASSPHRASE" in text:
        return CredentialsError(
            "the passphrase does not open the stack's secrets",
            where=cloud,
            hint="set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to the one it was made with",
        )
    return None


def _killed(code: int, cloud: str) -> DeployerError | None:
    if code >= 0:
        return None
    return FailedError(
        f"the engine was killed by signal {-code}",
        where=cloud,
        hint="take its lock away and settle what it left undecided: deployer refresh --cancel",
    )


def _protected(text: str, cloud: str) -> DeployerError | None:
    found = _PROTECTED.search(text)
    if found is None:
        return None
    name = found["urn"].rpartition("::")[2]
    if found["replaced"]:
        return PolicyError(
            f"{name} is protected, and would have to be deleted and made anew",
            where=cloud,
            hint="take back what was changed; or delete it all, which asks: deployer down",
        )
    return PolicyError(
        f"{name} is protected and would be deleted",
        where=cloud,
        hint="deployer down shows what is protected, and asks",
    )


def _by_cloud(told: Sequence[str], text: str, cloud: str) -> DeployerError:
    said = next((each for each in told if each), "") or _last(text)
    cause = cause_of(said)
    kind, hint = _ADVICE[cause]
    place = _QUOTAS.get(cloud, "the cloud")
    return kind(said, where=cloud, hint=hint.format(kept=_KEPT, on=_on(cloud), place=place))


def _on(cloud: str) -> str:
    return f"--clouds {cloud}" if cloud != "local" else ""


def _line(message: str) -> str:
    """Return the telling line of a message: of a Python traceback, the last."""
    lines = [" ".join(each.split()) for each in message.splitlines() if each.strip()]
    if not lines:
        return ""
    if any(each.startswith("Traceback") for each in lines):
        return lines[-1][:_LONGEST]
    joined = lines[0] if not lines[0].endswith(":") or len(lines) == 1 else " ".join(lines[:3])
    return joined[:_LONGEST]


def _last(text: str) -> str:
    errors = [each for each in text.splitlines() if each.strip().lower().startswith("error:")]
    lines = errors or [each for each in text.splitlines() if each.strip()] or ["it said nothing"]
    return " ".join(lines[-1].split()).removeprefix("error: ")[:_LONGEST]
