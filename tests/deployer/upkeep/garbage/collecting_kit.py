"""What tests of garbage collection share."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import rfc8785

from deployer.registry.cloud import Cloud
from deployer.upkeep.garbage.collect import Collected
from tests.deployer.registry.registry_kit import contents
from tests.deployer.upkeep.gc_kit import collected

MakeFolder = Callable[[Mapping[str, bytes]], Path]

UUID = "0f9f5a4c-3c1e-4a52-9a53-1e2f6a3f0b11"

GET_OF = {"s3": "GetObject", "gcs": "objects.download", "azure": "GetBlob"}


def run(cloud: Cloud) -> Collected:
    return collected([cloud])[0]


def change(cloud: Cloud, key: str, **fields: Any) -> None:
    """Set some fields of a document, past everybody."""
    document = json.loads(contents(cloud)[key]) | fields
    cloud.store.put(key, rfc8785.dumps(document), mode="overwrite")
