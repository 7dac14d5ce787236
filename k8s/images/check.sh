#!/usr/bin/env bash
# Builds both images where no image registry can be reached, and looks inside them
# (tests/k8s/test_built_images.py). A root file system of Debian's own packages stands
# in for the base image, and is kept for the next run. All that is made, the storage too,
# lies in build/images; `make clean` removes it.
set -euo pipefail
cd "$(dirname "$0")/../.."

WORK=$PWD/build/images
TOOLS=(buildah debootstrap)
# Debian's Python, and the headers that the base image has too.
PACKAGES=ca-certificates,libpython3.11-dev,python3,python3-pip
BASE=localhost/python-of-debian
STORE=(--root "$WORK/storage" --runroot "$WORK/run")

buildah() {
  command buildah "${STORE[@]}" "$@"
}

fail() {
  echo "error: $1" >&2
  exit 1
}

install_tools() {
  type "${TOOLS[@]}" >/dev/null 2>&1 && return
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${TOOLS[@]}" >/dev/null
}

make_base() {
  buildah images --quiet "$BASE" >/dev/null 2>&1 && return
  local root="$WORK/debian" container
  rm -rf "$root"
  debootstrap --variant=minbase --include="$PACKAGES" bookworm "$root" \
    >"$WORK/debootstrap.log" || fail "debootstrap failed: see $WORK/debootstrap.log"
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
  tar -C "$root" -cf "$root.tar" .
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$root.tar" / >/dev/null
  buildah commit --quiet --rm "$container" "$BASE" >/dev/null
  rm -rf "$root" "$root.tar"
}

build() {
  make --no-print-directory "image-$1" IMAGE_BUILDER="buildah ${STORE[*]}" \
    IMAGE_REGISTRY=localhost/ IMAGE_VERSION=checked IMAGE_LAYERS= \
    IMAGE_OPTIONS="--isolation chroot --build-arg PYTHON_IMAGE=$BASE"
}

# Lays out what the tests read: NAME.json, the image's description, and NAME, its
# mounted root.
open_image() {
  local container
  container=$(buildah from "localhost/fairsilo-$1:checked")
  buildah inspect --type image "localhost/fairsilo-$1:checked" >"$WORK/open/$1.json"
  ln -sfn "$(buildah mount "$container")" "$WORK/open/$1"
}

close_images() {
  buildah rm --all >/dev/null 2>&1 || true
  buildah rmi --prune >/dev/null 2>&1 || true # what the last run's images were
  umount "$WORK/storage/overlay" 2>/dev/null || true
  rm -rf "$WORK/open"
}

[ "$(id -u)" = 0 ] || fail "found no root, expected it for building without a daemon"
mkdir -p "$WORK/open"
install_tools
trap close_images EXIT
make_base
for name in pipeline silo-worker; do
  build "$name"
  open_image "$name"
done
buildah images
FAIRSILO_IMAGES="$WORK/open" .venv/bin/pytest tests/k8s/test_built_images.py
