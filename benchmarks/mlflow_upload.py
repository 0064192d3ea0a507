"""``python mlflow_upload.py URL FOLDER``: MLflow's own way to bring a folder to a store."""

import sys

from mlflow.store.artifact.artifact_repository_registry import (  # type: ignore[import-not-found]
    get_artifact_repository,
)

get_artifact_repository(sys.argv[1]).log_artifacts(sys.argv[2])
