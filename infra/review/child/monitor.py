"""The monitor that a program registers its resources with, instead of an engine's."""

import threading
from collections.abc import Mapping
from typing import Any

from pulumi.runtime import mocks
from pulumi.runtime.proto import provider_pb2, resource_pb2

from infra.review.child.answers import Answers
from infra.review.child.marks import Marks
from infra.review.child.outputs import Maker, hide
from infra.review.child.places import Places
from infra.review.child.requests import STACK, described
from infra.review.child.shapes import identifier
from infra.review.child.transforms import Transforms
from infra.review.child.values import UNKNOWN_TEXT, plain, raw, without

__all__ = ["Recorder"]

_mocks: Any = mocks  # protobuf as the SDK has it, without its types

_REFERENCE = "pulumi:pulumi:StackReference"
_DYNAMIC = "pulumi-python:dynamic"


class Recorder(mocks.MockMonitor):
    """Records every request and gives plausible answers.

    Args:
        project: the program's name.
        stack: that it is run as.
        region: that it is configured for; "" if none.
        marks: of the program.
        places: of the program.
        stacks: outputs of other stacks that it may refer to.
        config: its configuration without secrets: key → text.

    """

    def __init__(
        self,
        *,
        project: str,
        stack: str,
        region: str,
        marks: Marks,
        places: Places,
        stacks: Mapping[str, Mapping[str, Any]],
        config: Mapping[str, str],
    ) -> None:
        self.mocks = _None()
        self._recorded: dict[str, dict[str, Any]] = {}
        self.exports: dict[str, Any] = {}
        self.notes: list[str] = []
        self.classes: dict[str, type] = {}
        self.types: dict[str, type] = {}
        self.asked: dict[tuple[str, str], dict[str, Any] | None] = {}
        self.transforms = Transforms(self)
        self._prefix = f"urn:pulumi:{stack}::{project}::"
        self._marks = marks
        self._places = places
        self._stacks = stacks
        self._maker = Maker(marks, region=region)
        self._answers = Answers(self._maker, self.types, config=config, note=self.note)
        self._region = region
        self._ids: dict[str, str] = {}
        self._made: dict[str, dict[str, Any]] = {}
        self._lock = threading.RLock()

    def asked_for(self) -> list[dict[str, Any]]:
        """Return what was recorded, in the order in which the program asked for it."""
        order = {key: at for at, key in enumerate(self.asked)}
        return sorted(
            self._recorded.values(),
            key=lambda each: (order.get((each["type"], each["name"]), len(order)), each["urn"]),
        )

    def note(self, line: str) -> None:
        """Tell something that was not followed, once."""
        if line not in self.notes:
            self.notes.append(line)

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """Return a URN as the engine builds it (`pkg/resource/urn` of Pulumi)."""
        above = parent.split("::")[2] if parent else ""
        qualified = type_ if above in {"", STACK} else f"{above}${type_}"
        return f"{self._prefix}{qualified}::{name}"

    def RegisterResource(self, request: Any) -> Any:  # noqa: D102, N802 - Pulumi's
        if request.type == STACK:
            urn = self.make_urn("", request.type, request.name)
            return resource_pb2.RegisterResourceResponse(urn=urn)
        request = self.transforms.apply(request)
        urn = self.make_urn(request.parent, request.type, request.name)
        inputs = raw(request.object)
        with self._lock:
            self._record(request, urn, inputs)
            self._marks.owner = urn
            id_, outputs = self._answer(request, urn, inputs)
            self._marks.owner = ""
            self._ids[urn], self._made[urn] = id_, outputs
        answer = resource_pb2.RegisterResourceResponse(urn=urn, id=id_)
        answer.object.update(outputs)
        return answer

    def _answer(self, request: Any, urn: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        cls = self.classes.get(request.type)
        label = f"{request.type}::{request.name}"
        if not (request.custom or request.remote):
            return "", inputs
        outputs = self._maker.outputs(
            cls, type_=request.type, label=label, name=request.name, inputs=inputs
        )
        hide(outputs, list(request.additionalSecretOutputs))
        if request.remote:
            self.note(
                f"{request.type} '{request.name}' is a component of a package: "
                "what it makes inside cannot be seen"
            )
            return "", outputs
        if request.type.startswith(_DYNAMIC):
            self.note(
                f"'{request.name}' is made by a dynamic provider: "
                "its code is not run, its outputs are not known"
            )
        if request.importId:
            return request.importId, outputs
        form = identifier(request.type, request.name, region=self._region)
        return self._marks.make(f"{label}.id", form), outputs

    def _record(self, request: Any, urn: str, inputs: dict[str, Any]) -> None:
        if urn in self._recorded:
            self.note(f"two resources are called {urn}: an engine would refuse the program")
        asked = self.asked.get((request.type, request.name))
        self._recorded[urn] = described(
            request,
            urn=urn,
            inputs=inputs,
            above=self._recorded.get(request.parent, {}),
            marks=self._marks,
            place=self._places.asked(request) or asked,
        )

    def ReadResource(self, request: Any) -> Any:  # noqa: D102, N802 - Pulumi's
        urn = self.make_urn(request.parent, request.type, request.name)
        inputs = raw(request.properties)
        with self._lock:
            if request.type == _REFERENCE:
                outputs = self._reference(request.id)
            else:
                self.note(
                    f"{request.type} '{request.name}' is read, not made: "
                    "its properties are not known"
                )
                self._marks.owner = urn
                outputs = self._maker.outputs(
                    self.classes.get(request.type),
                    type_=request.type,
                    label=f"{request.type}::{request.name}",
                    name=request.name,
                    inputs=inputs,
                )
                self._marks.owner = ""
            self._ids[urn], self._made[urn] = request.id, outputs
        answer = resource_pb2.ReadResourceResponse(urn=urn)
        answer.properties.update(outputs)
        return answer

    def _reference(self, name: str) -> dict[str, Any]:
        known = self._stacks.get(name)
        if known is None:
            known = self._stacks.get(name.rpartition("/")[2])
        if known is None:
            self.note(f"the outputs of stack {name} are not known")
            # The property is left out, so every output of it is unknown, as in a first preview.
            return {"name": name}
        hidden = [key for key, each in known.items() if each != without(each)]
        return {"name": name, "outputs": dict(known), "secretOutputNames": hidden}

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: D102, N802 - Pulumi's
        if f"::{STACK}::" in request.urn:
            for key, value in raw(request.outputs).items():
                self.exports[key] = plain(value, self._marks)
        return _mocks.empty_pb2.Empty()

    def Invoke(self, request: Any) -> Any:  # noqa: D102, N802 - Pulumi's
        args = raw(request.args)
        answer = resource_pb2.ResourceInvokeResponse()
        with self._lock:
            if request.tok == "pulumi:pulumi:getResource":
                urn = args.get("urn", "")
                state = {"urn": urn, "id": self._ids.get(urn, ""), "state": self._made.get(urn, {})}
                getattr(answer, "return").update(state)
                return answer
            getattr(answer, "return").update(
                self._answers.answer(request.tok, args, region=self._region_of(request.provider))
            )
        return answer

    def _region_of(self, provider: str) -> str:
        """Return the region of an explicit provider, else the program's."""
        made = self._made.get(provider.rpartition("::")[0], {})
        region = made.get("region") or made.get("location")
        return region if isinstance(region, str) else self._region

    def Call(self, request: Any) -> Any:  # noqa: D102, N802 - Pulumi's
        self.note(f"method {request.tok} is not called: its answer is not known")
        answer = provider_pb2.CallResponse()
        getattr(answer, "return").update({"result": UNKNOWN_TEXT})
        return answer

    def RegisterStackTransform(self, request: Any) -> Any:  # noqa: D102, N802 - Pulumi's
        self.transforms.stack.append(request)
        return _mocks.empty_pb2.Empty()

    def RegisterStackInvokeTransform(self, request: Any) -> Any:  # noqa: D102, N802 - Pulumi's
        self.note("a transform of invokes is not followed")
        return _mocks.empty_pb2.Empty()

    def RegisterResourceHook(self, request: Any) -> Any:  # noqa: D102, N802 - Pulumi's
        return _mocks.empty_pb2.Empty()

    def RegisterErrorHook(self, request: Any) -> Any:  # noqa: D102, N802 - Pulumi's
        return _mocks.empty_pb2.Empty()


class _None(mocks.Mocks):
    """Never asked: the monitor answers everything itself."""

    def call(self, args: mocks.MockCallArgs) -> Any:
        raise NotImplementedError

    def new_resource(self, args: mocks.MockResourceArgs) -> Any:
        raise NotImplementedError
