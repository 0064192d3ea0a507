#!/usr/bin/env bash
# Make a folder that serves without a container, on any machine with this Python version.
#
#   image/folder.sh OUT [CLOUDS]
#
# CLOUDS is aws, gcp, azure or all. UV names uv, PYTHON the interpreter that the folder is for. OUT
# may then be copied anywhere:
#
#   bin/serve      runs the server:  bin/serve penguins@champion
#   lib/           the dependencies, hash-checked, and deployer itself
#   deployer.service   an example of a systemd unit
set -euo pipefail
out=$(realpath -m "$1")
clouds=${2:-all}
cd "$(dirname "$0")/.."
uv=${UV:-.venv/bin/uv}
python=${PYTHON:-python3}
[[ -e $out ]] && { echo "$out exists already" >&2; exit 2; }
part=$(mktemp -d "$out.XXXXXX")
trap 'rm -rf "$part"' EXIT

install=("$uv" pip install --quiet --python "$python" --target "$part/lib" --no-deps)
"${install[@]}" --only-binary :all: --require-hashes -r "image/requirements/$clouds.txt"
"$uv" build --quiet --wheel --build-constraints image/requirements/build.txt --require-hashes \
  --python "$python" --out-dir "$part/wheel" .
"${install[@]}" "$part"/wheel/*.whl
rm -rf "$part/wheel" "$part/lib/bin"
"$python" image/slim.py "$part/lib" >&2
"$python" -m compileall -q --invalidation-mode unchecked-hash "$part/lib"
install -D -m 755 image/folder-serve "$part/bin/serve"
install -m 644 image/entry.py image/health.py "$part/"
install -m 644 image/deployer.service "$part/"
chmod 755 "$part"
mv "$part" "$out"
