#!/usr/bin/env bash
# Unpack Debian's wrk and its library into a folder, for machines on which nobody may install.
# Usage: get_wrk.sh FOLDER. Checked against the archive's signed index by apt itself.
set -euo pipefail
out=$(realpath -m "$1")
mkdir -p "$out/packages"
cd "$out/packages"
apt-get download wrk libluajit-5.1-2 libluajit-5.1-common
for package in ./*.deb; do
  dpkg-deb --extract "$package" "$out"
done
