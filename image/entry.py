"""Where the container starts: what the platform says becomes ``deployer serve …``.

Platforms differ in how a container learns what to serve. SageMaker runs it with the argument
``serve`` and puts the model into ``/opt/ml/model``
(https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html); Azure ML names
a folder in ``AZUREML_MODEL_DIR``
(https://learn.microsoft.com/azure/machine-learning/how-to-deploy-custom-container); elsewhere it is
the command line, or the variable ``DEPLOYER_SERVE_MODELS``. Then this process becomes the server:
signals reach it directly.
"""

# ruff: noqa: INP001 - copied into the image alone

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["arguments_of", "folder_of"]

MODELS = "DEPLOYER_SERVE_MODELS"
SAGEMAKER_MODEL = "/opt/ml/model"
SAGEMAKER_PORT = "SAGEMAKER_BIND_TO_PORT"
AZUREML_MODEL = "AZUREML_MODEL_DIR"
PACKAGE = "model.json"  # the file by which a package is known


def arguments_of(arguments: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """Return the arguments of ``deployer``.

    Args:
        arguments: of the container.
        environment: of the container.

    """
    given = list(arguments[1:] if arguments[:1] == ["serve"] else arguments)
    given = given or environment.get(MODELS, "").split() or _mounted(environment)
    port = environment.get(SAGEMAKER_PORT)
    return ["serve", *given, *(["--port", port] if port and "--port" not in given else [])]


def _mounted(environment: Mapping[str, str]) -> list[str]:
    folders = (environment.get(AZUREML_MODEL), SAGEMAKER_MODEL)
    found = (folder_of(Path(each)) for each in folders if each)
    return [str(folder) for folder in found if folder][:1]


def folder_of(mounted: Path) -> Path | None:
    """Return the package in a folder that a platform filled, or in its only subfolder."""
    for folder in (mounted, *sorted(mounted.glob("*/"))):
        if (folder / PACKAGE).is_file():
            return folder
    return None


if __name__ == "__main__":
    command = [sys.executable, "-m", "deployer", *arguments_of(sys.argv[1:], os.environ)]
    os.execv(sys.executable, command)  # noqa: S606 - no shell is what is wanted
