# Targets for the Helm chart. Included by the top-level Makefile.

HELM_VERSION := v3.14.4
HELM_BUILT := $(CURDIR)/.tools/helm-$(HELM_VERSION)/helm
HELM = $(firstword $(shell command -v helm) $(HELM_BUILT))
CHART := k8s/chart

##@ Chart
# Go from 1.21 on, so not Debian 12's own package.
helm: ## Build helm with Go where none is installed (some minutes, once; else its tests are skipped)
	@command -v helm >/dev/null || test -x $(HELM_BUILT) || { command -v go >/dev/null && \
	  GOBIN=$(dir $(HELM_BUILT)) go install helm.sh/helm/v3/cmd/helm@$(HELM_VERSION); } || echo "no helm, and no Go from 1.21 on to build it: tests of the chart are skipped"

k8s-lint: install helm ## Lint the chart, render it for both platforms and check its objects, without a cluster
	$(HELM) lint --strict $(CHART) -f $(CHART)/values-local.yaml -f k8s/silos.yaml
	$(BIN)/pytest tests/k8s/test_chart.py tests/k8s/test_flink.py tests/k8s/test_scripts.py

cluster-secrets: ## Make the database's two secrets in the cluster that kubectl points to, once
	k8s/secrets.sh

.PHONY: helm k8s-lint cluster-secrets
