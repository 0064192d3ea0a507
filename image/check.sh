#!/usr/bin/env bash
# Build the image and see it run as platforms run it: another user than root, a read-only root, no
# capabilities; with a signed model that it reads from emulated stores. Needs root, `make install`,
# buildah, podman, and debootstrap where no registry can be reached; not part of the tests.
#
#   image/check.sh [CLOUDS]
#
# BASE_IMAGE names the base; without it, one is made from Debian's packages. RUNTIME is podman's
# (runc, crun); BUILD_FLAGS go to buildah, such as --volume of a machine's own pip.conf; STORAGE names
# the storage driver (overlay); BUILD=no takes the image as it is; LIMIT is the size in MB that it must
# not exceed.
set -euo pipefail
cd "$(dirname "$0")/.."
clouds=${1:-aws}
limit=${LIMIT:-300}
stores=${clouds/all/aws,gcp,azure}
bin=$PWD/.venv/bin
image=localhost/deployer-serve:$clouds
name=deployer-serve-check-$$
port=${PORT:-18080}
grpc_port=$((port + 1))
key=check-$RANDOM$RANDOM$RANDOM
hash=$(printf %s "$key" | sha256sum | cut -d' ' -f1)
export DEPLOYER_API_KEY=$key
headers=(-H "X-API-Key: $key" -H "Content-Type: application/json")
scratch=$(mktemp -d)
# Named for both: each has a default of its own, and would see another image.
storage=(--storage-driver "${STORAGE:-overlay}")
podman=(podman "${storage[@]}" --runtime "${RUNTIME:-runc}")
buildah=(buildah "${storage[@]}")
read -ra flags <<<"${BUILD_FLAGS:-}"

finish() {
  "${podman[@]}" rm --force --time 1 "$name" >/dev/null 2>&1 || true
  here emulators down >/dev/null 2>&1 || true
  rm -rf "$scratch"
}
trap finish EXIT

# The command, with no state or settings but those of this check.
here() {
  XDG_STATE_HOME=$scratch/state XDG_CONFIG_HOME=$scratch/etc "$bin/deployer" "$@" --no-color
}
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
size=$("${podman[@]}" image inspect --format '{{.Size}}' "$image")
[[ $size -le $((limit * 1000000)) ]] || fail "more than $limit MB"

say "two versions of a model, signed, in emulated stores"
mkdir -p "$scratch/etc/deployer"
train=("$bin/deployer" train examples/penguins/penguins.csv --target species --search none -q)
"${train[@]}" --candidates softmax --out "$scratch/model" >/dev/null
"${train[@]}" --candidates tree --out "$scratch/other" >/dev/null
"$bin/deployer" key new "$scratch/key.pem" >/dev/null 2>&1
cp "$scratch/key.pem.pub" "$scratch/etc/deployer/key.pub"
cat >"$scratch/etc/deployer/config.toml" <<END
[signing]
mode = "key"
public_keys = ["/etc/deployer/key.pub"]
require_signature = true
END
XDG_STATE_HOME=$scratch/state "$bin/deployer" emulators up --clouds "$stores" -q >/dev/null
here emulators env --shell json >"$scratch/env.json"
python3 -c 'import json, sys
for each in json.load(sys.stdin).items(): print("=".join(each))' <"$scratch/env.json" >"$scratch/env"
publish() {
  DEPLOYER_SIGNING_PRIVATE_KEY=$scratch/key.pem DEPLOYER_SIGNING_PUBLIC_KEYS=$scratch/key.pem.pub \
    here push "$1" penguins:live --clouds "$stores" --emulators --sign -q >/dev/null
}
publish "$scratch/model"

say "run: read-only root, no capabilities, no new privileges, /tmp in memory"
chmod -R a+rX "$scratch"
"${podman[@]}" create --name "$name" --network host --read-only --read-only-tmpfs=false \
  --tmpfs /tmp:rw,noexec,nosuid,size=64m --cap-drop all --security-opt no-new-privileges \
  --no-healthcheck --ulimit nofile=4096:4096 --ulimit nproc=4096:4096 \
  --volume "$scratch/model:/srv/model:ro" --volume "$scratch/etc/deployer:/etc/deployer:ro" \
  --env-file "$scratch/env" --env "PORT=$port" --env "DEPLOYER_SERVE_GRPC_PORT=$grpc_port" \
  --env "DEPLOYER_SERVE_ADMIN_PORT=0" \
  --env "DEPLOYER_SERVE_KEYS=check:$hash" "$image" bench=/srv/model penguins@live >/dev/null
began=$(date +%s%N)
"${podman[@]}" start "$name" >/dev/null
until [[ $(ask -o "$scratch/ready" -w '%{http_code}' "http://127.0.0.1:$port/v2/health/ready" 2>/dev/null) == 200 ]]; do
  [[ $(("$(date +%s%N)" - began)) -lt 60000000000 ]] || fail "not ready within 60 s"
  "${podman[@]}" ps --quiet --no-trunc --filter "name=$name" | grep -q . || fail "it ended"
  sleep 0.1
done
echo "ready after $((("$(date +%s%N)" - began) / 1000000)) ms"

say "answers"
"$bin/python" image/ask.py bench "$port" "$grpc_port" || fail "no answer of the folder's model"
"$bin/python" image/ask.py penguins "$port" "$grpc_port" >"$scratch/first" || fail "no answer"
cat "$scratch/first"
url=http://127.0.0.1:$port/v2/models/bench/infer
body=$("$bin/python" - "$scratch/model/schema.json" <<'END'
import json, sys
with open(sys.argv[1], encoding="utf-8") as file:
    columns = json.load(file)["inputs"]
print(json.dumps({"inputs": [
    {"name": each["name"], "shape": [1], "datatype": "BYTES", "data": [""]}
    if each["dtype"] == "string"
    else {"name": each["name"], "shape": [1], "datatype": "FP32", "data": [0.5]}
    for each in columns
]}))
END
)
code=$(ask -o "$scratch/answer" -w '%{http_code}' "${headers[@]}" -d "$body" "$url")
[[ $code == 200 ]] || fail "a request with a key was answered with $code: $(cat "$scratch/answer")"
code=$(ask -o /dev/null -w '%{http_code}' -H "${headers[3]}" -d "$body" "$url")
[[ $code == 401 ]] || fail "a request without a key was answered with $code"
echo "without a key: $code"

say "the alias moves"
publish "$scratch/other"
for _ in {1..100}; do
  "$bin/python" image/ask.py penguins "$port" "$grpc_port" >"$scratch/second" || fail "no answer"
  cmp -s "$scratch/first" "$scratch/second" || break
  sleep 0.1
done
cmp -s "$scratch/first" "$scratch/second" && fail "the alias was not followed"
cat "$scratch/second"

say "who and where"
pid=$("${podman[@]}" inspect --format '{{.State.Pid}}' "$name")
grep -E '^(Uid|Gid|CapEff|NoNewPrivs)' "/proc/$pid/status"
grep -qE '^Uid:\s65532\s65532\s65532\s65532$' "/proc/$pid/status" || fail "not the user 65532"
inside() { nsenter --target "$pid" --mount --setuid 65532 --setgid 65532 -- "$@"; }
python=/opt/deployer/bin/python
inside $python -c 'open("/opt/deployer/x", "w")' 2>/dev/null && fail "the root can be written to"
inside $python -c 'open("/tmp/x", "w")' || fail "/tmp cannot be written to"
inside $python -Ic 'import ssl
known = len(ssl.create_default_context().get_ca_certs())
print(f"authorities known to the interpreter: {known}")
assert known > 100' || fail "no certificates of authorities"
echo "changed in the image: $("${podman[@]}" diff "$name" | grep -vE '^C /(srv|etc|run|proc|sys|dev|tmp)?$' | tr '\n' ' ')"
echo "in /tmp: $(find "/proc/$pid/root/tmp" -maxdepth 2 -printf '%P ')"

say "what this model did not need is there, too"
inside $python -Ic '
import importlib, pkgutil
from deployer import serving, signing
import providers
modules = ["opentelemetry.exporter.otlp.proto.http.trace_exporter", "sigstore.verify"]
for package in (serving, signing, providers):
    for each in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        modules.append(each.name)
missing = {}
for name in modules:
    try:
        importlib.import_module(name)
    except ImportError as error:
        missing[name] = str(error)
print(len(modules), "modules; without the SDKs of other clouds:", missing)
assert all(k.startswith("providers.") and "No module named" in v for k, v in missing.items())
' || fail "a module lacks something"
[[ ,$stores, != *,aws,* ]] || inside $python -Ic '
import botocore.session
for name in ("s3", "signin", "sso", "sso-oidc", "sts"):
    print(name, botocore.session.Session().create_client(name, "eu-west-1").meta.endpoint_url)
' || fail "a client of AWS lacks its description"

say "health check"
"${podman[@]}" inspect --type image --format '{{json .Config.Healthcheck}}' "$image" ||
  "${buildah[@]}" inspect --type image --format '{{json .Docker.Config.Healthcheck}}' "$image"
PORT=$port inside $python /opt/deployer/health.py || fail "not healthy"
echo "exit 0 while it serves"
PORT=1 inside $python /opt/deployer/health.py && fail "healthy on a dead port"
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
