#!/usr/bin/env bash
# Prints images.json, values of the chart: our two images by the digests that the registry
# gave them.
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
printf '{"images": {\n  "pipeline": "%s",\n  "worker": "%s"\n}}\n' \
  "$registry.azurecr.io/fairsilo-pipeline@$pipeline" "$registry.azurecr.io/fairsilo-silo-worker@$worker"
