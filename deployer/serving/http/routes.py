"""Which path is answered by what; one table for every way that requests come in.

Sources of the platforms' paths:
SageMaker: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
Vertex AI: https://cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements
Azure ML: https://learn.microsoft.com/azure/machine-learning/how-to-deploy-custom-container
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from infra.contract import LIVE_PATH, READY_PATH

__all__ = ["UNKNOWN", "Action", "Found", "Route", "Routes"]

Action = Literal[
    "root", "openapi", "server", "live", "ready", "list", "model", "model_ready", "infer",
    "sagemaker", "vertex", "azureml", "unknown",
]  # fmt: skip

_MOST_KNOWN, _LONGEST_KNOWN = 1000, 256  # paths that were asked for, and characters of one

_MODEL = "/v2/models/{model}"
_VERSION = f"{_MODEL}/versions/{{version}}"
_BEHIND: dict[tuple[str, ...], tuple[str, Action, bool]] = {
    (): ("", "model", False),
    ("ready",): ("/ready", "model_ready", True),
    ("infer",): ("/infer", "infer", False),
}


class Route(NamedTuple):
    """A path and what answers it.

    Attributes:
        template: the path, with ``{model}`` and ``{version}`` for what varies.
        action: what answers.
        open: whether it asks for no key.
        post: whether it takes POST; otherwise GET and HEAD.

    """

    template: str
    action: Action
    open: bool = False
    post: bool = False

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that it takes."""
        return ("POST",) if self.post else ("GET", "HEAD")


class Found(NamedTuple):
    """The route of a path, and what the path names."""

    route: Route
    model: str = ""
    version: str = ""


UNKNOWN = Found(Route("(unknown)", "unknown"))


class Routes:
    """All routes.

    Args:
        platform: the cloud that checks callers itself; its own routes ask for no key.
        environment: names Vertex AI's routes, as ``AIP_HEALTH_ROUTE`` and ``AIP_PREDICT_ROUTE``.

    """

    def __init__(self, platform: str | None, environment: Mapping[str, str]) -> None:
        health = _path(environment.get("AIP_HEALTH_ROUTE"), "/ping")
        predict = _path(environment.get("AIP_PREDICT_ROUTE"), "/predict")
        fixed = [
            Route("/", "root"),
            Route("/openapi.json", "openapi"),
            Route("/v2", "server"),
            Route(LIVE_PATH, "live", open=True),
            Route(READY_PATH, "ready", open=True),
            Route("/v2/models", "list"),
            Route("/ping", "ready", open=True),
            Route(health, "ready", open=True),
            Route("/invocations", "sagemaker", open=platform == "sagemaker", post=True),
            Route("/score", "azureml", open=platform == "azureml", post=True),
            Route(predict, "vertex", open=platform == "vertex", post=True),
        ]
        self._fixed = {each.template: Found(each) for each in fixed}
        # A variable must not take a route away that somebody relies on, nor open one.
        for each in fixed[:7]:
            self._fixed[each.template] = Found(each)
        self._known: dict[str, Found] = {}
        self._behind = {
            (versioned, rest): Route(
                f"{_VERSION if versioned else _MODEL}{suffix}", action, free, action == "infer"
            )
            for versioned in (False, True)
            for rest, (suffix, action, free) in _BEHIND.items()
        }

    @property
    def all(self) -> tuple[Route, ...]:
        """Every route."""
        return (*(each.route for each in self._fixed.values()), *self._behind.values())

    def find(self, path: str) -> Found:
        """Return the route of a decoded path; `UNKNOWN` if there is none."""
        found = self._fixed.get(path) or self._known.get(path)
        if found is not None:
            return found
        parts = path.split("/", 8)
        # "", "v2", "models", NAME, …
        if len(parts) < 4 or parts[0] or parts[1] != "v2" or parts[2] != "models" or not parts[3]:  # noqa: PLR2004
            return UNKNOWN
        version, rest = "", tuple(parts[4:])
        versioned = len(rest) > 1 and rest[0] == "versions" and bool(rest[1])
        if versioned:
            version, rest = rest[1], rest[2:]
        route = self._behind.get((versioned, rest))
        if route is None:
            return UNKNOWN
        found = Found(route, parts[3], version)
        if len(self._known) < _MOST_KNOWN and len(path) < _LONGEST_KNOWN:
            self._known[path] = found
        return found


def _path(given: str | None, default: str) -> str:
    return given if given and given.startswith("/") else default
