#!/usr/bin/env bash
# Makes the database's passwords in the key vault, where they are not there yet, and
# hands what the vault holds to the cluster:
#
#   k8s/terraform/secrets.sh VAULT
#
# No password stands in an argument, in a file, on the terminal or in Terraform's state.
set -euo pipefail
vault=$1

# An error ends the script: "can't look" must not be taken for "isn't there".
there=$(az keyvault secret list --vault-name "$vault" --query '[].name' --output tsv)
for name in mysql-password mysql-root-password; do
  grep --quiet --line-regexp "$name" <<<"$there" ||
    openssl rand -hex 24 | tr -d '\n' |
    az keyvault secret set --vault-name "$vault" --name "$name" --file /dev/stdin --encoding utf-8 --output none
done

value() { az keyvault secret show --vault-name "$vault" --name "$1" --query value --output tsv; }
password=$(value mysql-password)
root_password=$(value mysql-root-password)

# Server-side, so that no annotation holds a copy of the secret.
hand_over() { kubectl create --dry-run=client --output yaml "$@" | kubectl apply --server-side --filename -; }
hand_over secret generic fairsilo-mysql --namespace fairsilo \
  --from-file=password=<(printf %s "$password") \
  --from-file=root-password=<(printf %s "$root_password")
host=fairsilo-mysql.fairsilo.svc.cluster.local
hand_over secret generic fairsilo-store --namespace kubeflow \
  --from-file=url=<(printf 'mysql+pymysql://fairsilo:%s@%s:3306/fairsilo' "$password" "$host")
