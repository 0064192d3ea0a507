"""The engine's protocol around a provider: proto/pulumi/provider.proto of github.com/pulumi/pulumi."""

from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from infra.simulated.diff import compare, top
from infra.simulated.invokes import NotSimulatedError
from infra.simulated.kinds import kind_of
from infra.simulated.provider import CloudError, Provider, Request
from infra.simulated.wire import reveal

__all__ = ["Servicer"]

_T = TypeVar("_T")
_KINDS = {
    ("add", False): provider_pb2.PropertyDiff.ADD,
    ("add", True): provider_pb2.PropertyDiff.ADD_REPLACE,
    ("delete", False): provider_pb2.PropertyDiff.DELETE,
    ("delete", True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    ("update", False): provider_pb2.PropertyDiff.UPDATE,
    ("update", True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}
_DEFAULTS = "__defaults"
_PLACES = frozenset({"region", "project", "subscriptionId"})


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Answers one engine."""

    def __init__(self, name: str, provider: Provider) -> None:
        self._name = name
        self._provider = provider

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's names
        """Tell what we understand."""
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=False)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Tell the version of the SDK that is installed, for that is what programs ask for."""
        try:
            told = version(f"pulumi-{self._name}")
        except PackageNotFoundError:
            told = ""
        return plugin_pb2.PluginInfo(version=told)

    def GetSchema(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Tell the least that the engine takes for a schema."""
        return provider_pb2.GetSchemaResponse(
            schema=f'{{"name": "{self._name}", "version": "0.0.1"}}'
        )

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Take every configuration."""
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Say what of the configuration differs; another place needs another provider."""
        return _diff(_loaded(request.old_inputs), _loaded(request.news), _PLACES, renamed=False)

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Take region, project and subscription."""
        settings = {
            key.partition(":")[2].rpartition(":")[2]: v for key, v in request.variables.items()
        }
        settings |= reveal(_loaded(request.args))
        _guarded(context, lambda: self._provider.configure(settings))
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=False, acceptOutputs=False
        )

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Name what has no name, and refuse names that the cloud would."""
        inputs, wrong = self._provider.check(
            _about(request), _loaded(request.olds), _loaded(request.news), request.randomSeed
        )
        return provider_pb2.CheckResponse(
            inputs=_dumped(inputs),
            failures=[provider_pb2.CheckFailure(property=p, reason=why) for p, why in wrong],
        )

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Say property by property what differs, and what forces a new one."""
        kind, news = kind_of(_about(request).type), _loaded(request.news)
        # A name that the program gave is taken as long as the old one has it.
        renamed = bool(kind.name) and kind.unique and kind.name not in news.get(_DEFAULTS, [])
        return _diff(_loaded(request.old_inputs), news, kind.replace, renamed=renamed)

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Make it."""
        id_, properties = _guarded(
            context,
            lambda: self._provider.create(
                _about(request), _loaded(request.properties), preview=request.preview
            ),
        )
        return provider_pb2.CreateResponse(id=id_, properties=_dumped(properties))

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Look at it."""
        id_, inputs, properties = _guarded(
            context,
            lambda: self._provider.read(
                _about(request), request.id, _loaded(request.inputs), _loaded(request.properties)
            ),
        )
        return provider_pb2.ReadResponse(
            id=id_, inputs=_dumped(inputs), properties=_dumped(properties)
        )

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Change it."""
        properties = _guarded(
            context,
            lambda: self._provider.update(
                _about(request),
                request.id,
                _loaded(request.olds),
                _loaded(request.news),
                preview=request.preview,
            ),
        )
        return provider_pb2.UpdateResponse(properties=_dumped(properties))

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Delete it."""
        _guarded(context, lambda: self._provider.delete(_about(request), request.id))
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Answer a question."""
        arguments = reveal(_loaded(request.args))
        found = _guarded(context, lambda: self._provider.invoke(request.tok, arguments))
        return provider_pb2.InvokeResponse(**{"return": _dumped(found)})

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Nothing takes long enough to be cancelled."""
        return empty_pb2.Empty()

    def Attach(self, request: Any, context: Any) -> Any:  # noqa: N802
        """We do not log through the engine."""
        return empty_pb2.Empty()


def _about(request: Any) -> Request:
    *_, types, name = request.urn.split("::", 3)
    return Request(types.rpartition("$")[2], name, request.urn)


def _loaded(values: Any) -> dict[str, Any]:
    found: dict[str, Any] = json_format.MessageToDict(values)
    return found


def _dumped(values: Mapping[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(values)
    return struct


def _diff(
    old: Mapping[str, Any], new: Mapping[str, Any], forces: frozenset[str], *, renamed: bool
) -> Any:
    found = compare(old, new)
    replaces = sorted({top(each.path) for each in found} & forces)
    return provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME
        if found
        else provider_pb2.DiffResponse.DIFF_NONE,
        diffs=sorted({top(each.path) for each in found}),
        replaces=replaces,
        deleteBeforeReplace=bool(replaces) and renamed,
        hasDetailedDiff=True,
        detailedDiff={
            path: provider_pb2.PropertyDiff(kind=_KINDS[kind, top(path) in forces], inputDiff=True)
            for path, kind in found
        },
    )


def _guarded(context: Any, act: Callable[[], _T]) -> _T:
    """Give what the cloud says to the engine as an error of the call, never as a traceback."""
    try:
        return act()
    except (CloudError, NotSimulatedError) as error:
        context.abort(grpc.StatusCode.UNKNOWN, str(error))
        raise
