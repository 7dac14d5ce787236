#!/usr/bin/env bash
# Hands the database's passwords to the cluster that kubectl points to, as two secrets:
#
#   k8s/secrets.sh          with new passwords that nobody has seen, once
#   k8s/secrets.sh VAULT    with those of an Azure key vault, made there where it has none
#
# No password stands in an argument, in a file, on the terminal or in Terraform's state.
set -euo pipefail

new() { openssl rand -hex 24 | tr -d '\n'; }

if [[ $# -eq 0 ]]; then
  # Once: with other passwords than the database was made with, nobody could log in.
  for secret in fairsilo/fairsilo-mysql kubeflow/fairsilo-store; do
    if kubectl get secret --namespace "${secret%/*}" "${secret#*/}" --output name >/dev/null 2>&1; then
      echo "error: found the secret $secret, expected neither of the two: the database keeps the password that it was made with" >&2
      exit 1
    fi
  done
  password=$(new) root_password=$(new)
else
  vault=$1
  # An error ends the script: "can't look" must not be taken for "isn't there".
  there=$(az keyvault secret list --vault-name "$vault" --query '[].name' --output tsv)
  for name in mysql-password mysql-root-password; do
    grep --quiet --line-regexp "$name" <<<"$there" ||
      new | az keyvault secret set --vault-name "$vault" --name "$name" --file /dev/stdin --encoding utf-8 --output none
  done
  value() { az keyvault secret show --vault-name "$vault" --name "$1" --query value --output tsv; }
  password=$(value mysql-password)
  root_password=$(value mysql-root-password)
fi

# Server-side, so that no annotation holds a copy of the secret.
make_secret() { kubectl create --dry-run=client --output yaml secret generic "$@" | kubectl apply --server-side --filename -; }
make_secret fairsilo-mysql --namespace fairsilo \
  --from-file=password=<(printf %s "$password") \
  --from-file=root-password=<(printf %s "$root_password")
host=fairsilo-mysql.fairsilo.svc.cluster.local
make_secret fairsilo-store --namespace kubeflow \
  --from-file=url=<(printf 'mysql+pymysql://fairsilo:%s@%s:3306/fairsilo' "$password" "$host")
