"""Images: DEP033."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._clouds import azure_type
from infra.policy.rules._containerfile import faults, unpinned
from infra.policy.rules._values import entries, listed, text, value_at
from infra.resources import Program, Resource

__all__ = ["RULES"]

# Where a type names the images that it runs: lists of containers, whose `image` it is.
_CONTAINERS = {
    "gcp:cloudrun/service:Service": ("template.spec.containers",),
    "gcp:cloudrunv2/service:Service": ("template.containers",),
    "gcp:cloudrunv2/job:Job": ("template.template.containers",),
    "gcp:cloudrunv2/workerPool:WorkerPool": ("template.containers",),
    "azure-native:app:ContainerApp": ("template.containers", "template.initContainers"),
    "azure-native:app:Job": ("template.containers", "template.initContainers"),
    "azure-native:containerinstance:ContainerGroup": ("containers", "initContainers"),
}
# Text with the image.
_NAMED = {
    "aws:lambda/function:Function": ("imageUri",),
    "aws:apprunner/service:Service": ("sourceConfiguration.imageRepository.imageIdentifier",),
    "docker:index/container:Container": ("image",),
    "docker:index/remoteImage:RemoteImage": ("name",),
}
_TASK = "aws:ecs/taskDefinition:TaskDefinition"
# Where a type that builds an image holds the text of its Containerfile.
_BUILT = {"docker-build:index:Image": ("dockerfile.inline",)}


def _image(program: Program, demands: Demands) -> Iterator[Problem]:
    for each in program:
        for path, image in _images(each):
            why = unpinned(image)
            if image and why:
                yield Problem(each, f"image {image}: {why}", path)
        for path in _BUILT.get(each.type, ()):
            for fault in faults(text(value_at(each.inputs, path))):
                where = f"line {fault.line}: " if fault.line else ""
                yield Problem(each, f"{where}{fault.message}", path)


def _images(resource: Resource) -> Iterator[tuple[str, str]]:
    """Yield path and name of each image that a resource runs."""
    kind = azure_type(resource.type)
    for path in _CONTAINERS.get(kind, ()):
        for at, container in entries(resource.inputs, path):
            yield f"{at}.image", text(container.get("image"))
    for path in _NAMED.get(kind, ()):
        yield path, text(value_at(resource.inputs, path))
    if kind == _TASK:
        for index, container in enumerate(_definitions(resource)):
            yield f"containerDefinitions[{index}].image", text(container.get("image"))


def _definitions(task: Resource) -> Iterator[Mapping[str, Any]]:
    """Yield the containers of an ECS task, which are a JSON list in a text."""
    value = task.inputs.get("containerDefinitions")
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return
    for each in listed(value):
        if isinstance(each, Mapping):
            yield each


RULES = (
    Rule(
        "DEP033",
        "Images are pinned, do not run as root and can be asked for their health",
        Severity.MEDIUM,
        "Name a digest or a fixed tag; in the Containerfile set USER and HEALTHCHECK, and COPY.",
        ("CKV_DOCKER_2", "CKV_DOCKER_3", "CKV_DOCKER_4", "CKV_DOCKER_7", "CKV_DOCKER_8"),
        _image,
    ),
)
