"""The commands that are compared: the same files to the same server, defaults everywhere."""

import sys
from pathlib import Path

from benchmarks.measure import Command
from deployer.emulators import BUCKET, Server

__all__ = [
    "CLOUDS",
    "ENGINES",
    "MLFLOW",
    "URLS",
    "deployer_pull",
    "deployer_push",
    "deployer_store",
    "mlflow",
    "rclone",
    "rclone_back",
    "sdk",
]

ENGINES = {"aws": "seaweedfs", "gcp": "fake-gcs", "azure": "azurite"}
CLOUDS = tuple(ENGINES)

ROOT = Path(__file__).parent.parent
RCLONE = str(Path(sys.executable).with_name("rclone"))
MLFLOW = ROOT / ".tools" / "mlflow" / "bin" / "python"

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


def _user(servers: dict[str, Server], state: Path) -> dict[str, str]:
    """Return the environment of somebody who uses these clouds and never did before."""
    environment = {"XDG_STATE_HOME": str(state), "XDG_CACHE_HOME": str(state / "cache")}
    for cloud, server in servers.items():
        environment |= server.environment()
        environment[f"DEPLOYER_CLOUDS_{cloud.upper()}_URL"] = URLS[cloud]
    return environment


def deployer_pull(
    cloud: str, servers: dict[str, Server], state: Path, target: Path, *flags: str
) -> Command:
    """The whole of ``deployer pull`` from one cloud."""
    arguments = ["pull", "bench", str(target), "--from", cloud, "-q", *flags]
    return Command([sys.executable, "-m", "deployer", *arguments], _user(servers, state))


def deployer_push(servers: dict[str, Server], path: Path, state: Path) -> Command:
    """The whole of ``deployer push`` to one or several clouds, a fresh registry each time."""
    folder = path if path.is_dir() else path.parent
    clouds = ",".join(servers)
    return Command(
        [sys.executable, "-m", "deployer", "push", str(folder), "bench", "--clouds", clouds, "-q"],
        _user(servers, state),
    )


def sdk(cloud: str, server: Server, path: Path) -> Command:
    """The cloud's own SDK."""
    return Command(
        [sys.executable, "-m", "benchmarks.client", "sdk", URLS[cloud], str(path)],
        server.environment(),
    )


def mlflow(server: Server, path: Path) -> Command:
    """MLflow's upload of artifacts to S3."""
    script = str(Path(__file__).with_name("mlflow_upload.py"))
    return Command(
        [str(MLFLOW), script, f"s3://{BUCKET}/mlflow", str(path)],
        {**server.environment(), "MLFLOW_S3_ENDPOINT_URL": server.endpoint},
    )


def rclone(cloud: str, server: Server, path: Path) -> Command:
    """Send a file or a folder with rclone and its defaults."""
    return _rclone(cloud, server, str(path), f"remote:{BUCKET}/rclone")


def rclone_back(cloud: str, server: Server, target: Path) -> Command:
    """Fetch with rclone what :func:`rclone` sent."""
    return _rclone(cloud, server, f"remote:{BUCKET}/rclone", str(target))


def _rclone(cloud: str, server: Server, source: str, target: str) -> Command:
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
        [RCLONE, "copy", source, target, "--quiet", "--retries", "1"],
        environment,
    )
