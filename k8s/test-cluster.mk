# Tests against Kubernetes' own API server. Included by the top-level Makefile.

CLUSTER_SOURCE := tests/cluster/apiserver
# tests/cluster/control_plane.py looks in the same place.
CLUSTER_BUILT = build/cluster/$(shell sha256sum $(CLUSTER_SOURCE)/go.mod | cut -c1-16)
CLUSTER_BUILD = cd $(CLUSTER_SOURCE) && CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o $(abspath $(CLUSTER_BUILT))

##@ Kubernetes
test-cluster: install helm ## Install the chart on a real API server, built by Go at first
	@test -x $(CLUSTER_BUILT)/kubectl || $(MAKE) --no-print-directory cluster-binaries
	$(BIN)/pytest -m cluster tests/cluster

cluster-binaries: # In the versions of go.mod; `kubectl` last: it says that all are there
	@command -v go >/dev/null || { echo "error: found no Go, expected 1.24 or later to build Kubernetes' API server; install it from https://go.dev/dl"; exit 1; }
	@command -v setpriv >/dev/null || { echo "error: found no setpriv, expected it to start the server; install util-linux"; exit 1; }
	@mkdir -p $(CLUSTER_BUILT)
	$(CLUSTER_BUILD)/etcd go.etcd.io/etcd/server/v3
	$(CLUSTER_BUILD)/kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver
	$(CLUSTER_BUILD)/kube-controller-manager k8s.io/kubernetes/cmd/kube-controller-manager
	$(CLUSTER_BUILD)/kubectl k8s.io/kubernetes/cmd/kubectl

.PHONY: test-cluster cluster-binaries
