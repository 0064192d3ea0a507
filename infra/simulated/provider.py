"""What a provider does with our small cloud, without the protocol around it."""

import random
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from infra.simulated import faults, invokes
from infra.simulated.cloud import Cloud, State, Thing
from infra.simulated.computing import computed, fill, overlay
from infra.simulated.kinds import Kind, kind_of
from infra.simulated.wire import UNKNOWN, conceal, is_unknown, plain, restore, reveal

__all__ = ["CloudError", "Invalid", "Provider", "Request"]

_ACCOUNT = "123456789012"
_SUBSCRIPTION = "11111111-1111-4111-8111-111111111111"
_DEFAULTS = "__defaults"  # how the SDK's bridged providers mark what they named themselves


class CloudError(RuntimeError):
    """The cloud said no; the message is what a provider prints of it."""


class Invalid(NamedTuple):
    """An input that the cloud would refuse."""

    property: str
    reason: str


class Request(NamedTuple):
    """What a call is about: the type token, the name in the program, the URN."""

    type: str
    name: str
    urn: str


class Provider:
    """Stands in for one cloud's provider; safe to use from many threads and processes."""

    def __init__(self, name: str, state: Path, fault_file: Path | None) -> None:
        self._name = name
        self._cloud = Cloud(state)
        self._faults = fault_file
        self._settings: dict[str, Any] = {}

    def configure(self, settings: Mapping[str, Any]) -> None:
        """Take region, project and subscription; CloudError if credentials have expired."""
        self._settings = dict(settings)
        with self._cloud.change() as state:
            struck = self._strike(
                state, "configure", Request(f"pulumi:providers:{self._name}", "default", "")
            )
        self._raise(struck)

    def check(
        self, request: Request, olds: Mapping[str, Any], news: Mapping[str, Any], seed: bytes
    ) -> tuple[dict[str, Any], list[Invalid]]:
        """Return the inputs, named where the program gave no name, and what is wrong with them."""
        kind = kind_of(request.type)
        inputs = {key: value for key, value in news.items() if value is not None}
        if kind.name and kind.name not in inputs and kind.joint is not None:
            ours = kind.name in (olds.get(_DEFAULTS) or [])
            # The engine's seed is the same at preview and at up.
            digits = f"{random.Random(seed).getrandbits(28):07x}"  # noqa: S311 - a name, no secret
            inputs[kind.name] = olds[kind.name] if ours else f"{request.name}{kind.joint}{digits}"
            inputs[_DEFAULTS] = [kind.name]
        name = reveal(inputs.get(kind.name))
        if isinstance(name, str) and not is_unknown(name) and kind.refuses(name):
            return inputs, [Invalid(kind.name, f"{name!r} does not match {kind.legal}")]
        return inputs, []

    def create(
        self, request: Request, inputs: Mapping[str, Any], *, preview: bool
    ) -> tuple[str, dict[str, Any]]:
        """Make it; return its id ("" at a preview) and all properties.

        Raises:
            CloudError: something of that name is there, what it needs is not, or a fault struck.

        """
        if preview:
            return "", kind_of(request.type).shape(dict(inputs))
        kind, token = kind_of(request.type), secrets.token_hex(16)
        context = self._context(kind, inputs, token)
        context["id"] = plain(fill(kind.id, context))
        with self._cloud.change() as state:
            state.calls["create"] = state.calls.get("create", 0) + 1
            struck = self._strike(state, "create", request)
            if struck is None or struck.after:
                self._allowed(state, kind, request, context)
                added = computed(kind, context)
                made = Thing(
                    type=request.type,
                    id=context["id"],
                    name=plain(context["name"]) if kind.name else "",
                    urn=request.urn,
                    token=token,
                    inputs=conceal(dict(inputs), state.salt),
                    computed=conceal(added, state.salt),
                )
                state.put(made)
        self._raise(struck, request.type)
        return made.id, kind.shape(overlay(inputs, added))

    def read(
        self, request: Request, id_: str, inputs: Mapping[str, Any], known: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """Return id, inputs and properties as they are now; no id if it is gone."""
        with self._cloud.change() as state:
            struck = self._strike(state, "read", request)
        self._raise(struck, request.type)
        found = state.find(request.type, id_)
        if found is None:
            return "", {}, {}
        there = restore(found.inputs, inputs or known, state.salt)
        added = {
            path: restore(value, known.get(path.removesuffix("!")), state.salt)
            for path, value in found.added.items()
        }
        return id_, there, kind_of(request.type).shape(overlay(there, added))

    def update(
        self,
        request: Request,
        id_: str,
        olds: Mapping[str, Any],
        news: Mapping[str, Any],
        *,
        preview: bool,
    ) -> dict[str, Any]:
        """Change it; return all properties.

        Raises:
            CloudError: it is not there any more, or a fault struck.

        """
        kind = kind_of(request.type)
        if preview:
            whole = overlay({**self._kept(kind, olds), **news}, self._next(kind, news))
            return kind.shape(whole)
        with self._cloud.change() as state:
            state.calls["update"] = state.calls.get("update", 0) + 1
            struck = self._strike(state, "update", request)
            found = state.find(request.type, id_)
            if found is None:
                raise CloudError(f"{request.type} {id_} was not found (404)")
            if struck is None or struck.after:
                found.inputs, found.changed = conceal(dict(news), state.salt), {}
                found.revision += 1
                context = self._context(kind, news, found.token, found.revision)
                added = computed(kind, {**context, "id": id_})
                found.computed = conceal(added, state.salt)
        self._raise(struck, request.type)
        return kind.shape(overlay(news, added))

    def delete(self, request: Request, id_: str) -> None:
        """Delete it; nothing happens if it is gone.

        Raises:
            CloudError: it is not empty, or a fault struck.

        """
        kind = kind_of(request.type)
        with self._cloud.change() as state:
            state.calls["delete"] = state.calls.get("delete", 0) + 1
            struck = self._strike(state, "delete", request)
            found = state.find(request.type, id_)
            if found is not None and (struck is None or struck.after):
                if kind.keeps and found.objects and not found.inputs.get(kind.force):
                    raise CloudError(f"deleting {request.type} ({id_}): {kind.keeps}")
                state.drop(found)
        self._raise(struck, request.type)

    def invoke(self, token: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the cloud answers; CloudError or NotSimulatedError if it does not."""
        with self._cloud.change() as state:
            struck = self._strike(state, "invoke", Request(token, token, ""))
        self._raise(struck, token)
        return invokes.answer(token, arguments, self._place())

    def _place(self) -> dict[str, Any]:
        region = self._settings.get("region") or self._settings.get("location") or "simulated-1"
        return {
            "account": _ACCOUNT,
            "region": region,
            "location": region,
            "project": self._settings.get("project") or "simulated",
            "subscription": self._settings.get("subscriptionId") or _SUBSCRIPTION,
        }

    def _context(
        self, kind: Kind, inputs: Mapping[str, Any], token: str, revision: int | str = 1
    ) -> dict[str, Any]:
        context = {**self._place(), **inputs, "token": token, "revision": str(revision)}
        if kind.name:
            context["name"] = inputs.get(kind.name, "")
        return context

    @staticmethod
    def _kept(kind: Kind, olds: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the cloud added and keeps; the rest of `olds` was asked for before."""
        tops = {path.removesuffix("!").split(".")[0] for path in kind.outputs}
        return {key: value for key, value in olds.items() if key in tops}

    def _next(self, kind: Kind, news: Mapping[str, Any]) -> dict[str, Any]:
        """Return what every update changes, and nobody knows before."""
        context = {**self._context(kind, news, "", UNKNOWN), "id": ""}
        found = computed(kind, context)
        return {
            f"{path}!": UNKNOWN
            for path, template in kind.outputs.items()
            if "{revision}" in str(template) and is_unknown(found[path])
        }

    def _allowed(
        self, state: State, kind: Kind, request: Request, context: Mapping[str, Any]
    ) -> None:
        name = plain(context["name"]) if kind.name else ""
        for each in state.things.values():
            if each.type != request.type:
                continue
            # A second PUT of the same thing is the first one's again; of another one's, a quarrel.
            quarrel = each.id == context["id"] and each.urn != request.urn
            if quarrel or (kind.unique and each.name == name):
                raise CloudError(_taken(request.type, each.id))
        for property_, types in kind.needs.items():
            wanted = context.get(property_)
            if wanted is not None and not state.has(types, plain(wanted)):
                raise CloudError(
                    f"creating {request.type} ({request.name}): NotFound: no {types[0]} {plain(wanted)} (404)"
                )

    def _strike(self, state: State, op: faults.Operation, request: Request) -> faults.Fault | None:
        listed = faults.read(self._faults)
        return faults.strike(state, listed, op, request.type, request.name)

    def _raise(self, struck: faults.Fault | None, type_: str = "") -> None:
        if struck is not None:
            raise CloudError(faults.message(self._name, struck, type_ or self._name))


def _taken(type_: str, id_: str) -> str:
    """Return what a provider says of what is there; Azure's: its provider/pkg/azure/client.go."""
    if type_.startswith("azure-native:"):
        return f"cannot create already existing resource '{id_}'"
    return f"creating {type_} ({id_}): AlreadyExists: it is there already (409)"
