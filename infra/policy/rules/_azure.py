"""What the rules about Azure's networks have in common: private endpoints, public addresses."""

from infra.policy.rules._clouds import azure, vague
from infra.policy.rules._links import names_of
from infra.policy.rules._values import any_unknown, entries, holds, text, value_at
from infra.resources import Program, Resource

__all__ = ["led_to", "private"]

_PRIVATE = frozenset({"disabled", "securedbyperimeter"})


def private(resource: Resource, path: str = "publicNetworkAccess") -> bool:
    """Return whether no public network reaches a resource, by what is at a path of its inputs."""
    return holds(value_at(resource.inputs, path), lambda found: text(found).lower() in _PRIVATE)


def led_to(program: Program, target: Resource, kind: str, names: tuple[str, ...]) -> bool:
    """Return whether a private endpoint leads to `target`.

    Args:
        program: in which to look.
        target: what may be behind it.
        kind: as ids name it, such as ``storageAccounts``.
        names: inputs of `target` that hold its literal name.

    """
    called = {f"/{kind}/{name}".lower() for name in names_of(target, *names)}
    # Of a name that is not known, any may be the one.
    nameless = any(vague(target.inputs.get(name)) for name in names)
    for each in azure(program, "network:PrivateEndpoint"):
        for path in ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections"):
            urns = each.references.get(path, ())
            value = each.inputs.get(path)
            if target.urn in urns or (any_unknown(value) and not urns):
                return True
            for _, connection in entries(each.inputs, path):
                meant = text(connection.get("privateLinkServiceId")).lower()
                if any(map(meant.endswith, called)) or (nameless and f"/{kind}/".lower() in meant):
                    return True
    return False
