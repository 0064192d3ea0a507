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
for peer in mlserver bentoml mlflow; do
  "${compile[@]}" "requirements/peers-$peer.in" -o "requirements/peers-$peer.txt"
done
image=(--extra serve --extra sign --extra trace)
for cloud in aws gcp azure; do
  "${compile[@]}" pyproject.toml "${image[@]}" --extra "$cloud" -o "image/requirements/$cloud.txt"
done
"${compile[@]}" pyproject.toml "${image[@]}" --extra aws --extra gcp --extra azure -o image/requirements/all.txt
"${compile[@]}" pyproject.toml "${image[@]}" --extra aws image/requirements/lambda.in -o image/requirements/lambda.txt
"${compile[@]}" image/requirements/build.in -o image/requirements/build.txt
"${compile[@]}" requirements/checkov.in -o requirements/checkov.txt
"${compile[@]}" requirements/clients.in -o requirements/clients.txt
# The last LocalStack that needs no licence token breaks with newer dependencies than it was released with.
"${compile[@]}" --exclude-newer 2025-12-15 requirements/localstack.in -o deployer/emulators/tools/localstack.txt
