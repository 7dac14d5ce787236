# Targets for the manifests. Included by the top-level Makefile.

KUSTOMIZE_VERSION := v5.7.1

##@ Manifests
manifests: install ## Write the silos' objects and Terraform's list from k8s/silos.yaml
	$(BIN)/fairsilo kubeflow manifests

k8s-lint: install ## Build the overlays and check their objects, without a cluster
	$(BIN)/pytest tests/k8s/test_overlays.py tests/k8s/test_rules.py tests/k8s/test_generated.py tests/k8s/test_names.py tests/k8s/test_backup.py tests/k8s/test_kfp_version.py

# Once: with other passwords than the database was made with, nobody could log in.
cluster-secrets: install ## Make the database's two secrets in the cluster that kubectl points to, once
	@for secret in fairsilo/fairsilo-mysql kubeflow/fairsilo-store; do \
	  if kubectl get secret --namespace "$${secret%/*}" "$${secret#*/}" --output name >/dev/null 2>&1; then \
	    echo "error: found the secret $$secret, expected neither of the two: the database keeps the password that it was made with"; exit 1; fi; done
	$(BIN)/python -m pipelines.cluster.secrets | kubectl create --filename -

kustomize: ## Build kustomize into build/bin, for machines without kubectl (needs Go)
	GOBIN=$(CURDIR)/build/bin go install sigs.k8s.io/kustomize/kustomize/v5@$(KUSTOMIZE_VERSION)

.PHONY: manifests k8s-lint cluster-secrets kustomize
