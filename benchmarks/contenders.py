"""The commands that are compared: the same files to the same server, defaults everywhere."""

import sys
from pathlib import Path

from benchmarks.measure import Command
from deployer.emulators import BUCKET, Server

__all__ = ["CLOUDS", "ENGINES", "deployer_push", "deployer_store", "rclone", "sdk"]

ENGINES = {"aws": "seaweedfs", "gcp": "fake-gcs", "azure": "azurite"}
CLOUDS = tuple(ENGINES)

URLS = {
    "aws": f"s3://{BUCKET}",
    "gcp": f"gs://{BUCKET}",
    "azure": f"az://devstoreaccount1/{BUCKET}",
}


def deployer_store(cloud: str, server: Server, path: Path) -> Command:
    """Deployer's storage layer alone."""
    return Command(
        [sys.executable, "-m", "benchmarks.client", "store", URLS[cloud], str(path)],
        server.environment(),
    )


def deployer_push(servers: dict[str, Server], path: Path, state: Path) -> Command:
    """The whole of ``deployer push`` to one or several clouds, a fresh registry each time."""
    environment = {"XDG_STATE_HOME": str(state)}
    for cloud, server in servers.items():
        environment |= server.environment()
        environment[f"DEPLOYER_CLOUDS_{cloud.upper()}_URL"] = URLS[cloud]
    folder = path if path.is_dir() else path.parent
    clouds = ",".join(servers)
    return Command(
        [sys.executable, "-m", "deployer", "push", str(folder), "bench", "--clouds", clouds, "-q"],
        environment,
    )


def sdk(cloud: str, server: Server, path: Path) -> Command:
    """The cloud's own SDK."""
    return Command(
        [sys.executable, "-m", "benchmarks.client", "sdk", URLS[cloud], str(path)],
        server.environment(),
    )


def rclone(cloud: str, server: Server, path: Path) -> Command:
    """Run rclone with its defaults."""
    settings = {
        "aws": {
            "TYPE": "s3",
            "PROVIDER": "SeaweedFS",
            "ENV_AUTH": "true",
            "ENDPOINT": server.endpoint,
            "REGION": "us-east-1",
            "FORCE_PATH_STYLE": "true",
            "NO_CHECK_BUCKET": "true",
        },
        "gcp": {
            "TYPE": "googlecloudstorage",
            "ANONYMOUS": "true",
            "ENDPOINT": f"{server.endpoint}/storage/v1/",
            "NO_CHECK_BUCKET": "true",
        },
        "azure": {"TYPE": "azureblob", "USE_EMULATOR": "false", "NO_CHECK_CONTAINER": "true"},
    }[cloud]
    environment = {
        **server.environment(),
        "RCLONE_CONFIG": "/dev/null",
        **{f"RCLONE_CONFIG_REMOTE_{name}": value for name, value in settings.items()},
    }
    if cloud == "azure":
        parts = dict(
            part.split("=", 1)
            for part in server.environment()["AZURE_STORAGE_CONNECTION_STRING"].split(";")
            if part
        )
        environment |= {
            "RCLONE_CONFIG_REMOTE_ACCOUNT": parts["AccountName"],
            "RCLONE_CONFIG_REMOTE_KEY": parts["AccountKey"],
            "RCLONE_CONFIG_REMOTE_ENDPOINT": parts["BlobEndpoint"],
        }
    return Command(
        ["rclone", "copy", str(path), f"remote:{BUCKET}/rclone", "--quiet", "--retries", "1"],
        environment,
    )
