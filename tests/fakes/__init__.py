"""The strict fake of S3, GCS and Azure Blob: see README.md in this folder."""

from tests.fakes.cloud import Gate, StrictCloud
from tests.fakes.faults import Action, Fault, Script

__all__ = ["Action", "Fault", "Gate", "Script", "StrictCloud"]
