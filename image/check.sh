#!/usr/bin/env bash
# Build the image and see it run as platforms run it: another user than root, a read-only root, no
# capabilities. Needs root, buildah, podman, and debootstrap where no registry can be reached; not
# part of the tests.
#
#   image/check.sh PACKAGE [CLOUDS]
#
# PACKAGE is a model directory. BASE_IMAGE names the base; without it, one is made from Debian's
# packages. RUNTIME is podman's (runc, crun); BUILD_FLAGS go to buildah, such as --volume of a
# machine's own pip.conf; STORAGE names the storage driver
# (overlay); BUILD=no takes the image as it is.
set -euo pipefail
cd "$(dirname "$0")/.."
package=$(realpath "$1")
clouds=${2:-aws}
image=localhost/deployer-serve:$clouds
name=deployer-serve-check-$$
port=${PORT:-18080}
key=check-$RANDOM$RANDOM$RANDOM
hash=$(printf %s "$key" | sha256sum | cut -d' ' -f1)
headers=(-H "X-API-Key: $key" -H "Content-Type: application/json")
scratch=$(mktemp -d)
# Named for both: each has a default of its own, and would see another image.
storage=(--storage-driver "${STORAGE:-overlay}")
podman=(podman "${storage[@]}" --runtime "${RUNTIME:-runc}")
buildah=(buildah "${storage[@]}")
read -ra flags <<<"${BUILD_FLAGS:-}"

finish() {
  "${podman[@]}" rm --force --time 1 "$name" >/dev/null 2>&1 || true
  rm -rf "$scratch"
}
trap finish EXIT

say() { printf '\n== %s\n' "$*"; }
ask() { curl --silent --show-error --max-time 5 "$@"; }
fail() {
  printf 'FAILED: %s\n' "$*" >&2
  "${podman[@]}" logs "$name" 2>&1 | tail -20 >&2 || true
  exit 1
}

base=${BASE_IMAGE:-localhost/python-base:bookworm}
if [[ -z ${BASE_IMAGE:-} ]] && ! "${buildah[@]}" images "$base" >/dev/null 2>&1; then
  say "a base from Debian's packages"
  debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates \
    bookworm "$scratch/root" >"$scratch/debootstrap.log"
  rm -rf "$scratch"/root/var/cache/apt/archives/*.deb "$scratch"/root/var/lib/apt/lists/*
  container=$("${buildah[@]}" from scratch)
  "${buildah[@]}" add --quiet "$container" "$scratch/root" /
  "${buildah[@]}" commit --quiet --rm "$container" "$base"
fi

say "build"
[[ ${BUILD:-yes} == no ]] || "${buildah[@]}" build --quiet --layers --isolation chroot --format docker "${flags[@]}" \
  --build-arg BASE_IMAGE="$base" --build-arg CLOUDS="$clouds" \
  --file image/Containerfile --tag "$image" .
"${buildah[@]}" images "$image"
"${buildah[@]}" images "$base"

say "run: read-only root, no capabilities, no new privileges, /tmp in memory"
cp -r "$package" "$scratch/model"
chmod -R a+rX "$scratch"
"${podman[@]}" create --name "$name" --network host --read-only --read-only-tmpfs=false \
  --tmpfs /tmp:rw,noexec,nosuid,size=64m --cap-drop all --security-opt no-new-privileges \
  --no-healthcheck --ulimit nofile=4096:4096 --ulimit nproc=4096:4096 \
  --volume "$scratch/model:/srv/model:ro" --env "PORT=$port" \
  --env "DEPLOYER_SERVE_KEYS=check:$hash" "$image" bench=/srv/model >/dev/null
began=$(date +%s%N)
"${podman[@]}" start "$name" >/dev/null
until [[ $(ask -o "$scratch/ready" -w '%{http_code}' "http://127.0.0.1:$port/v2/health/ready" 2>/dev/null) == 200 ]]; do
  [[ $(("$(date +%s%N)" - began)) -lt 60000000000 ]] || fail "not ready within 60 s"
  "${podman[@]}" ps --quiet --no-trunc --filter "name=$name" | grep -q . || fail "it ended"
  sleep 0.1
done
echo "ready after $((("$(date +%s%N)" - began) / 1000000)) ms"

say "answers"
inputs=$(ask -H "X-API-Key: $key" "http://127.0.0.1:$port/v2/models/bench" |
  python3 -c 'import json, sys; print(len(json.load(sys.stdin)["inputs"]))')
body=$(python3 -c "import json; n = $inputs; print(json.dumps({'inputs': [{'name': 'rows', 'shape': [1, n], 'datatype': 'FP32', 'data': [0.5] * n}]}))")
url=http://127.0.0.1:$port/v2/models/bench/infer
code=$(ask -o "$scratch/answer" -w '%{http_code}' "${headers[@]}" -d "$body" "$url")
[[ $code == 200 ]] || fail "a request with a key was answered with $code: $(cat "$scratch/answer")"
head -c 300 "$scratch/answer" && echo
code=$(ask -o /dev/null -w '%{http_code}' -H "${headers[3]}" -d "$body" "$url")
[[ $code == 401 ]] || fail "a request without a key was answered with $code"
echo "without a key: $code"

say "who and where"
pid=$("${podman[@]}" inspect --format '{{.State.Pid}}' "$name")
grep -E '^(Uid|Gid|CapEff|NoNewPrivs)' "/proc/$pid/status"
grep -qE '^Uid:\s65532\s65532\s65532\s65532$' "/proc/$pid/status" || fail "not the user 65532"
inside() { nsenter --target "$pid" --mount --setuid 65532 --setgid 65532 -- "$@"; }
inside touch /opt/deployer/x 2>/dev/null && fail "the root can be written to"
echo "changed in the image: $("${podman[@]}" diff "$name" | grep -vE '^C /(srv|etc|run|proc|sys|dev|tmp)?$' | tr '\n' ' ')"
echo "in /tmp: $(inside find /tmp -maxdepth 2 | tr '\n' ' ')"

say "health check"
"${podman[@]}" inspect --type image --format '{{json .Config.Healthcheck}}' "$image" ||
  "${buildah[@]}" inspect --type image --format '{{json .Docker.Config.Healthcheck}}' "$image"
inside env -i PORT="$port" /opt/deployer/bin/python /opt/deployer/health.py || fail "not healthy"
echo "exit 0 while it serves"
inside env -i PORT=1 /opt/deployer/bin/python /opt/deployer/health.py && fail "healthy on a dead port"
echo "exit 1 where nobody listens"

say "SIGTERM while a client asks on"
(
  until [[ -e $scratch/stop ]]; do
    ask -o /dev/null -w '%{http_code}\n' "${headers[@]}" -d "$body" "$url" 2>/dev/null || true
  done >"$scratch/codes"
) &
client=$!
sleep 1
kill -TERM "$pid"
until [[ $(ask -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/v2/health/ready" 2>/dev/null) != 200 ]]; do
  sleep 0.05
done
echo "answered after it said not ready: $(ask -o /dev/null -w '%{http_code}' "${headers[@]}" -d "$body" "$url")"
code=$("${podman[@]}" wait "$name")
touch "$scratch/stop"
wait "$client"
echo "answers: $(sort "$scratch/codes" | uniq -c | tr -s ' ' | tr '\n' ';') (000: after the end)"
[[ $code == 0 ]] || fail "it ended with $code"
grep -qvE '^(200|000)$' "$scratch/codes" && fail "a request was refused"
sed '0,/000/d' "$scratch/codes" | grep -q 200 && fail "it answered again after it was gone"
echo "exit $code"
say "all well"
