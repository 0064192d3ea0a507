#!/usr/bin/env bash
# Resolve every requirements file again: hash-locked, for every platform, with no index address in them.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=${1:-uv}
compile=("$uv" pip compile --universal --python-version 3.11 --generate-hashes
         --no-emit-index-url --no-emit-find-links --no-header --quiet)
"${compile[@]}" requirements/uv.in -o requirements/uv.txt
"${compile[@]}" pyproject.toml --all-extras --group dev --group bench -o requirements/dev.txt
"${compile[@]}" requirements/mlflow.in -o requirements/mlflow.txt
# The last LocalStack that needs no licence token breaks with newer dependencies than it was released with.
"${compile[@]}" --exclude-newer 2025-12-15 requirements/localstack.in -o deployer/emulators/tools/localstack.txt
