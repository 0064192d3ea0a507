"""``python -m benchmarks.reviewing``: how long a plan and a review of 300 resources take.

The floor is to import what the programs import, in a bare interpreter: nobody can review a program
without that. All whole processes, interleaved, median of the rounds.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

__all__ = ["contenders", "reviewing"]

FLOOR = "import pulumi, pulumi_aws, pulumi_gcp, pulumi_azure_native"
COMMAND = (
    "import sys; from deployer.cli.plan import plan; from deployer.cli.review import review; "
    "{'plan': plan, 'review': review}[sys.argv[1]](sys.argv[2:], prog_name='deployer')"
)
IMAGE = f"registry.example/penguins@sha256:{'cd' * 32}"
SETTINGS = f"""
[clouds.aws]
url = "s3://penguins"
region = "eu-central-1"
[clouds.gcp]
url = "gs://penguins"
region = "europe-west3"
[clouds.azure]
url = "az://penguins/models"
region = "germanywestcentral"
[infra]
model = "penguins@sha256:{"ab" * 32}"
owner = "ml-team"
image = "{IMAGE}"
residency = ["EU"]
[infra.gcp]
project = "penguins-1"
[infra.azure]
project = "00000000-0000-0000-0000-000000000001"
"""
LARGE = """
import pulumi_aws as aws

for i in range(100):
    bucket = aws.s3.Bucket(f"bucket-{i}", tags={"owner": "me"})
    aws.s3.BucketVersioning(
        f"versions-{i}", bucket=bucket.id, versioning_configuration={"status": "Enabled"}
    )
    aws.s3.BucketPolicy(
        f"policy-{i}",
        bucket=bucket.id,
        policy=bucket.arn.apply(lambda arn: '{"Statement": [{"Resource": "%s"}]}' % arn),
    )
"""


def contenders(clouds: str) -> dict[str, list[str]]:
    """Return what is compared: name → arguments of a Python process."""
    free = ["--no-save", "--fail-on", "none"]
    return {
        f"deployer plan --clouds {clouds}": ["-c", COMMAND, "plan", "--clouds", clouds, *free],
        "deployer review, 300 resources": ["-c", COMMAND, "review", "large.py", *free],
        f'python -c "{FLOOR}"': ["-c", FLOOR],
    }


def reviewing(rounds: int, clouds: str) -> dict[str, float]:
    """Return the median wall time of each, in seconds."""
    found: dict[str, list[float]] = {name: [] for name in contenders(clouds)}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "deployer.toml").write_text(SETTINGS, "utf-8")
        Path(folder, "large.py").write_text(LARGE, "utf-8")
        environment = {
            **os.environ,
            "XDG_STATE_HOME": folder,
            "XDG_CONFIG_HOME": folder,
            "PYTHONPATH": str(Path(__file__).parents[1]),
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for _ in range(rounds + 1):
            for name, arguments in contenders(clouds).items():
                began = time.perf_counter()
                subprocess.run(
                    [sys.executable, *arguments],
                    cwd=folder,
                    env=environment,
                    check=True,
                    stdout=subprocess.DEVNULL,
                )
                found[name].append(time.perf_counter() - began)
    # The first round fills the caches.
    return {name: median(each[1:]) for name, each in found.items()}


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reviewing", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clouds", default="aws,gcp,azure")
    options = parser.parse_args()
    figures = reviewing(options.rounds, options.clouds)
    floor = list(figures.values())[-1]
    print("| | wall | over the floor |\n|---|--:|--:|")
    for name, wall in figures.items():
        print(f"| {name} | {wall:.2f} s | {wall / floor:.2f} |")


if __name__ == "__main__":
    main()
