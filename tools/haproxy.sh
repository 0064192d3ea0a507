#!/bin/sh
# Get HAProxy where it is missing: from Debian's or Ubuntu's own packages, without root and without
# installing anything. It lands in .tools/haproxy; bin/haproxy there runs it.
set -eu

cd "$(dirname "$0")/.."
wanted=.tools/haproxy/bin/haproxy

if found=$(PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v haproxy); then
    echo "haproxy: $found"
    exit 0
fi
if [ -x "$wanted" ] && "$wanted" -v >/dev/null 2>&1; then
    echo "haproxy: $wanted"
    exit 0
fi
if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
    echo "haproxy: not here; get it with your system's packages (such as: dnf install haproxy, brew install haproxy)"
    exit 0
fi

base=$PWD/.tools/haproxy
rm -rf "$base"
mkdir -p "$base/debs" "$base/root" "$base/bin" "$base/apt/lists/partial" "$base/apt/cache/archives/partial"

# Lists of packages of its own: the system's may be old or empty, and only root may renew them.
apt() {
    apt-get -q -o Dir::State::lists="$base/apt/lists" -o Dir::Cache="$base/apt/cache" \
        -o APT::Sandbox::User="$(id -un)" -o Debug::NoLocking=true "$@"
}
failed() {
    rm -rf "$base"
    echo "haproxy: could not be fetched ($1); get it with: apt-get install haproxy"
    exit 0
}

apt update >"$base/apt/log" 2>&1 || failed "apt-get update"

# What HAProxy needs and this system lacks, as apt itself would choose it.
urls=$(apt --print-uris --no-install-recommends -y install haproxy 2>>"$base/apt/log" \
    | sed -n "s/^'[^']*' \([^_ ]*\)_.*/\1/p") || failed "apt-get install --print-uris"
[ -n "$urls" ] || urls=haproxy
for package in $urls; do
    (cd "$base/debs" && apt download "$package" >>"$base/apt/log" 2>&1) || failed "$package"
done
for package in "$base"/debs/*.deb; do
    dpkg-deb -x "$package" "$base/root"
done
rm -rf "$base/debs" "$base/apt"

cat >"$base/bin/haproxy" <<'WRAPPER'
#!/bin/sh
root=$(cd "$(dirname "$0")/../root" && pwd)
libraries=$(find "$root" -name '*.so*' -exec dirname {} \; | sort -u | tr '\n' ':')
LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:-}" exec "$root/usr/sbin/haproxy" "$@"
WRAPPER
chmod +x "$base/bin/haproxy"
"$wanted" -v >/dev/null 2>&1 || failed "it does not run"
echo "haproxy: $wanted"
