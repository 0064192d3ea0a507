#!/usr/bin/env bash
# Get the `pulumi` command and its Python language host into FOLDER/bin (default .tools/pulumi):
# what is on PATH if it fits, else by the SDK's own installer, else built from Go modules at the
# versions in engine/go.mod and language/go.mod, every one of them checked against go.sum.
# Usage: build.sh [FOLDER]. PULUMI_FROM=path|installer|modules allows that one way alone.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$(realpath -m "${1:-$here/../../.tools/pulumi}")
python=${PYTHON:-$here/../../.venv/bin/python}
from=${PULUMI_FROM:-any}
engine=github.com/pulumi/pulumi/pkg/v3
host=github.com/pulumi/pulumi/sdk/python/cmd/pulumi-language-python/v3
sdk=github.com/pulumi/pulumi/sdk/v3

pinned() { # module, folder → its version there
    awk -v module="$1" '{ for (i = 1; i < NF; i++) if ($i == module) { print $(i + 1); exit } }' "$here/$2/go.mod"
}
version=$(pinned "$engine" engine)
stamp="$version $(cat "$here"/build.sh "$here"/{engine,language}/go.{mod,sum} | sha256sum | cut -d ' ' -f 1)"

works() { # folder → whether the command in it answers and has its language host beside it
    [ -x "$1/pulumi-language-python" ] && PULUMI_SKIP_UPDATE_CHECK=true "$1/pulumi" version >/dev/null 2>&1
}

if [ "$(cat "$out/stamp" 2>/dev/null)" = "$stamp" ] && works "$out/bin"; then
    echo "pulumi: $out/bin/pulumi $version"
    exit 0
fi

on_path() { # an engine of the same major version, not older than the SDK's
    local found seen
    found=$(command -v pulumi) || return 1
    found=$(realpath "$found")
    works "$(dirname "$found")" || return 1
    seen=$(PULUMI_SKIP_UPDATE_CHECK=true "$found" version)
    [ "${seen%%.*}" = "${version%%.*}" ] || return 1
    [ "$(printf '%s\n' "$version" "$seen" | sort -V | head -n 1)" = "$version" ] || return 1
    echo "pulumi: $found $seen"
}

by_installer() {
    [ -x "$python" ] || return 1
    rm -rf "$out/installed"
    # A closed network must cost seconds, not the minutes that the installer would wait.
    timeout 600 "$python" - "$out/installed" "${version#v}" >/dev/null 2>&1 <<'PYTHON' || return 1
import sys
import urllib.request

urllib.request.urlopen("https://get.pulumi.com/install.sh", timeout=5).close()
from pulumi.automation import PulumiCommand
from semver import VersionInfo

PulumiCommand.install(root=sys.argv[1], version=VersionInfo.parse(sys.argv[2]))
PYTHON
    works "$out/installed/bin" || return 1
    rm -rf "$out/bin"
    mv "$out/installed/bin" "$out/bin"
    rm -rf "$out/installed"
}

from_modules() {
    local new="$out/new" scripts host_version
    if ! command -v go >/dev/null; then
        echo "pulumi: cannot be fetched from get.pulumi.com, and to build it Go $(awk '$1 == "go" { print $2 }' "$here/engine/go.mod") or newer is needed: https://go.dev/dl" >&2
        exit 1
    fi
    rm -rf "$new"
    mkdir -p "$new"
    host_version=$(pinned "$sdk" language)
    echo "pulumi: building $version from Go modules; the first time takes minutes" >&2
    build "$here/engine" "$version" "$new/pulumi" "$engine/cmd/pulumi"
    build "$here/language" "$host_version" "$new/pulumi-language-python" "$host"
    scripts=$(cd "$here/language" && go list -mod=readonly -m -f '{{.Dir}}' "$sdk")/python
    install -m 755 "$scripts/cmd/pulumi-language-python-exec" \
        "$scripts/dist/pulumi-resource-pulumi-python" \
        "$scripts/dist/pulumi-analyzer-policy-python" "$new"
    works "$new" || { echo "pulumi: what was built does not run; see $new" >&2; exit 1; }
    rm -rf "$out/bin"
    mv "$new" "$out/bin"
}

build() { # folder of go.mod, version to tell, file, package
    (cd "$1" && go build -mod=readonly -trimpath -buildvcs=false \
        -ldflags "-s -w -X $sdk/go/common/version.Version=$2" -o "$3" "$4")
}

if [ "$from" = any ] || [ "$from" = path ]; then
    on_path && exit 0
    [ "$from" = any ] || { echo "pulumi: none on PATH that fits $version" >&2; exit 1; }
fi
mkdir -p "$out"
if [ "$from" != modules ] && by_installer; then
    :
elif [ "$from" = installer ]; then
    echo "pulumi: the installer at https://get.pulumi.com could not be used" >&2
    exit 1
else
    from_modules
fi
echo "$stamp" >"$out/stamp"
echo "pulumi: $out/bin/pulumi $version"
