#!/usr/bin/env bash
# Prints images.json: the digests that the registry gave our two images.
#
#   k8s/terraform/digests.sh REGISTRY VERSION
set -euo pipefail
registry=$1 version=$2

digest() {
  az acr repository show --name "$registry" --image "$1:$version" --query digest --output tsv
}

# Asked first: a `printf` goes on where a command inside it fails.
pipeline=$(digest fairsilo-pipeline)
worker=$(digest fairsilo-silo-worker)
printf '{\n  "fairsilo-pipeline": "%s",\n  "fairsilo-silo-worker": "%s"\n}\n' "$pipeline" "$worker"
